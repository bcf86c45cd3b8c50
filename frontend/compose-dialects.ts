import type { OipParts } from './compose-oip.ts'
import type { Config } from './config/schema.ts'
import type { ControlPlane } from './core/control-plane.ts'
import type { DataPlane } from './core/data-plane.ts'
import type { ErrorRenderer } from './http/error-boundary.ts'
import { httpTransport } from './http/transport.ts'
import type { Dialect } from './protocols/kernel/dialect.ts'
import { renderError as renderOipError } from './protocols/oip/errors.ts'
import { extensionsDialect } from './protocols/oip/extension-routes.ts'
import { oipDialect } from './protocols/oip/routes.ts'
import { renderError as renderTfServingError } from './protocols/tfserving/errors.ts'
import { tfServingDialect } from './protocols/tfserving/routes.ts'
import { handlerBodies } from './protocols/torchserve/handler-bodies.ts'
import { quirksOf, type HasQuirk } from './protocols/torchserve/quirks.ts'
import { errorRenderer as torchserveErrorRenderer } from './protocols/torchserve/routes.ts'
import { sequenceHeadersOf } from './sequence-headers.ts'
import { packageVersion } from './version.ts'

export type DialectParts = {
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
  readonly config: Config
  readonly oip: Pick<OipParts, 'logSettings' | 'traceSettings' | 'readParameters'>
}

/** The dialects that share the inference address with TorchServe's. */
export function inferenceDialects({ dataPlane, controlPlane, config, oip }: DialectParts): Dialect[] {
  const transport = httpTransport
  const protocol = {
    dataPlane,
    transport,
    nonFinite: config.jsonNonFinite,
    sequenceHeaders: sequenceHeadersOf(config),
    ...oip,
  }
  return [
    extensionsDialect({ ...protocol, controlPlane, maxRequestBytes: config.maxRequestBytes }),
    oipDialect({ ...protocol, serverVersion: packageVersion() }),
    ...tfServingDialects(dataPlane, config),
  ]
}

/** None where TorchServe's own routes have its paths. */
function tfServingDialects(dataPlane: DataPlane, config: Config): Dialect[] {
  if (quirksOf(config.compatibility)('v1Routes')) return []
  return [
    tfServingDialect({
      dataPlane,
      transport: httpTransport,
      handlers: handlerBodies(httpTransport),
      nonFinite: config.jsonNonFinite,
      sequenceHeaders: sequenceHeadersOf(config),
    }),
  ]
}

/** Each dialect words the errors of its paths, also where no route was found. */
export function errorRenderer(hasQuirk: HasQuirk): ErrorRenderer {
  const otherwise = torchserveErrorRenderer(hasQuirk)
  return (error, path = '') => {
    if (OIP_PATH.test(path)) return renderOipError(error)
    return TF_SERVING_PATH.test(path) && !hasQuirk('v1Routes')
      ? renderTfServingError(error)
      : otherwise(error)
  }
}

const OIP_PATH = /^\/v2(?:[/?]|$)/
const TF_SERVING_PATH = /^\/v1(?:[/?]|$)/
