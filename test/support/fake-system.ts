import type { ProviderTrial, System } from '../../frontend/doctor/system.ts'

export type FakeMachine = Partial<
  Omit<System, 'list' | 'read' | 'stat' | 'readAt' | 'realPath' | 'run' | 'tryProviders'>
> & {
  /** Path to content; a number is a device or a directory of that many bytes. */
  readonly files?: Readonly<Record<string, string | Uint8Array | number>>
  readonly unreadable?: readonly string[]
  readonly readOnly?: readonly string[]
  /** Command line to output. */
  readonly programs?: Readonly<Record<string, string>>
  /** Symbolic links. */
  readonly links?: Readonly<Record<string, string>>
  readonly trials?: readonly Partial<ProviderTrial>[]
}

export const BINDING_DIR = '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64'

/** A machine that is nothing but a table; by default a plain one with Node.js 22 and no GPU. */
export function fakeSystem(machine: FakeMachine = {}): System {
  const {
    files = {},
    unreadable = [],
    readOnly = [],
    programs = {},
    links = {},
    trials = [],
    ...rest
  } = machine
  const bytesAt = (path: string) => {
    const content = files[path]
    return typeof content === 'string' ? Buffer.from(content) : content
  }
  return {
    platform: 'linux',
    arch: 'x64',
    nodeVersion: 'v22.1.0',
    glibcVersion: '2.36',
    environment: {},
    bindingDir: BINDING_DIR,
    runtimeVersion: '1.30.0',
    ...rest,
    list: (directory) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1)),
    read: (path) => {
      const content = files[path]
      return typeof content === 'string' ? content : undefined
    },
    stat: (path) => {
      const content = bytesAt(path)
      if (content === undefined) return undefined
      const bytes = typeof content === 'number' ? content : content.byteLength
      return { bytes, isReadable: !unreadable.includes(path), isWritable: !readOnly.includes(path) }
    },
    readAt: (path, offset, length) => {
      const content = bytesAt(path)
      if (!(content instanceof Uint8Array)) throw new Error(`${path} is not there`)
      return content.subarray(offset, offset + length)
    },
    realPath: (path) => links[path] ?? path,
    run: async (file, args) => programs[[file, ...args].join(' ')],
    tryProviders: async (providers) =>
      providers.map((provider) => ({
        provider,
        usable: provider === 'cpu',
        reason: provider === 'cpu' ? 'a session ran on device 0' : 'no adapter',
        ...trials.find((each) => each.provider === provider),
      })),
  }
}
