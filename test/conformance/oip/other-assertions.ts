import type { Assertion } from './assertion.ts'

const EXTENSIONS = 'shown with the extension that it belongs to'

const pending = (number: number, it: string, skip = EXTENSIONS): Assertion => ({ number, it, skip })

/** Those that no request of the protocol itself shows. */
export const OTHER_ASSERTIONS: readonly Assertion[] = [
  pending(73, 'loading an unknown model, or a broken one'),
  pending(74, 'loading where models are not controlled explicitly'),
  pending(75, 'loading a name that is a path, empty or blank'),
  pending(76, 'loading files without a configuration, outside the model, or in bad base64'),
  pending(77, 'an override of the configuration is kept until the model is unloaded'),
  pending(78, 'a reload that fails leaves the old version serving'),
  pending(79, 'unloading lets requests in flight finish'),
  pending(80, 'unloading an unknown model'),
  pending(81, 'the index of ready models'),
  pending(82, 'statistics count rows and executions'),
  pending(83, 'statistics count failures apart'),
  pending(84, 'classification'),
  pending(85, 'preferred batch sizes'),
  pending(86, 'the order of answers'),
  pending(87, 'requests of different shapes run apart'),
  pending(88, 'tokens for the control of models'),
  pending(89, 'tokens on every alias of a route'),
  pending(90, 'files of log and trace cannot be set over the network'),
  pending(91, 'settings of the log change together or not at all'),
  pending(92, 'generate with a missing input or an unknown type'),
  pending(93, 'generate on a model of no or several answers'),
  pending(94, 'an error in the middle of a generated stream'),
  pending(96, 'requests in flight finish when the server ends', 'shown in e2e/faults.test.ts'),
  pending(97, 'a hundred interleaved requests of one stream', 'gRPC only'),
  pending(98, 'a stream that is cancelled', 'gRPC only'),
  pending(100, 'sequences'),
]
