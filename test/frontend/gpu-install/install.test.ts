import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { realFiles, type System } from '../../../frontend/doctor/system.ts'
import { installGpuCommand, type InstallGpuOptions } from '../../../frontend/gpu-install/command.ts'
import { elfBytes } from '../../support/elf-bytes.ts'
import { fakeSystem } from '../../support/fake-system.ts'
import { tarBytes } from '../../support/tar-bytes.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { zipBytes } from '../../support/zip-bytes.ts'

const SHARED = 'libonnxruntime_providers_shared.so'
const CUDA = 'libonnxruntime_providers_cuda.so'
const NUPKG = 'Microsoft.ML.OnnxRuntime.Gpu.Linux.1.30.0.nupkg'
const LIBRARIES: Readonly<Record<string, Buffer>> = {
  [SHARED]: elfBytes({ needed: [] }),
  [CUDA]: elfBytes({ needed: [SHARED, 'libcuda.so.1'], runpath: '$ORIGIN' }),
}

describe('install-gpu', () => {
  let root = ''
  let bindingDir = ''
  let remove = async () => {}
  beforeEach(async () => {
    ;({ path: root, remove } = await temporaryDirectory())
    bindingDir = join(root, 'binding')
    await mkdir(bindingDir)
  })
  afterEach(() => remove())

  const system = (changes: Partial<System> = {}): System => ({
    ...fakeSystem(),
    ...realFiles,
    run: async () => undefined,
    bindingDir,
    ...changes,
  })
  const install = (options: InstallGpuOptions, changes?: Partial<System>) =>
    installGpuCommand(options, system(changes))
  const file = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(root, name), bytes)
    return join(root, name)
  }
  const packageOf = (folder: string, libraries = LIBRARIES) =>
    Object.entries(libraries).map(([name, content]) => ({ name: `${folder}/${name}`, content }))
  const nupkg = (name = NUPKG) =>
    file(
      name,
      zipBytes([
        { name: '[Content_Types].xml', content: Buffer.from('<Types/>') },
        ...packageOf('runtimes/linux-x64/native'),
        ...packageOf('runtimes/linux-arm64/native', { [CUDA]: Buffer.from('another platform') }),
      ]),
    )

  const SOURCES: readonly { readonly it: string; readonly make: () => Promise<string> }[] = [
    { it: 'a NuGet package', make: () => nupkg() },
    {
      it: 'a wheel',
      make: () => file('onnxruntime_gpu-1.30.0-cp312-manylinux.whl', zipBytes(packageOf('onnxruntime/capi'))),
    },
    {
      it: 'a tar.gz file',
      make: async () =>
        file(
          'onnxruntime-linux-x64-gpu-1.30.0.tgz',
          await tarBytes(packageOf('onnxruntime-linux-x64-gpu-1.30.0/lib')),
        ),
    },
    {
      it: 'a directory',
      make: async () => {
        const lib = join(root, 'onnxruntime-1.30.0', 'lib')
        await mkdir(lib, { recursive: true })
        for (const [name, bytes] of Object.entries(LIBRARIES)) await writeFile(join(lib, name), bytes)
        return join(root, 'onnxruntime-1.30.0')
      },
    },
  ]
  for (const { it: what, make } of SOURCES) {
    it(`takes the libraries from ${what}, and nothing else`, async () => {
      const { text, isComplete } = await install({ from: await make() })
      assert.deepEqual((await readdir(bindingDir)).sort(), [CUDA, SHARED])
      assert.match(text, new RegExp(`^installed ${SHARED} in .*\\ninstalled ${CUDA} in `))
      // The driver comes with the machine, not with an image.
      assert.match(text, /fail needs of .*: libcuda\.so\.1 is not found\n {2}fix: install NVIDIA's driver/)
      assert.equal(isComplete, true)
    })
  }

  it('changes nothing the second time', async () => {
    const from = await nupkg()
    await install({ from })
    const { text } = await install({ from })
    assert.match(
      text,
      new RegExp(`^${SHARED} is in .* already, unchanged\\n${CUDA} is in .* already, unchanged\\n`),
    )
  })

  it('says what the libraries lack, and that it is not complete', async () => {
    const libraries = { ...LIBRARIES, [CUDA]: elfBytes({ needed: ['libcudart.so.12'] }) }
    const from = await file('gpu-1.30.0.zip', zipBytes(packageOf('lib', libraries)))
    const { text, isComplete } = await install({ from })
    assert.match(text, /libcudart\.so\.12 is not found\n {2}fix: install the CUDA 12 runtime/)
    assert.equal(isComplete, false)
  })

  it('takes away what it has put there, and leaves the binding alone', async () => {
    await writeFile(join(bindingDir, 'onnxruntime_binding.node'), 'binding')
    await install({ from: await nupkg() })
    const { text } = await install({ uninstall: true })
    assert.match(text, new RegExp(`^removed ${SHARED}, ${CUDA} from `))
    assert.deepEqual(await readdir(bindingDir), ['onnxruntime_binding.node'])
    assert.match((await install({ uninstall: true })).text, /^there was nothing to remove/)
  })

  it('takes a file of the right checksum', async () => {
    const bytes = zipBytes(packageOf('lib'))
    const sha256 = createHash('sha256').update(bytes).digest('hex').toUpperCase()
    const { text } = await install({ from: await file('gpu-1.30.0.zip', bytes), sha256 })
    assert.match(text, /^installed /)
  })

  it('takes a source that does not say its release, when told', async () => {
    const { text } = await install({ from: await nupkg('gpu.nupkg'), sourceVersion: '1.30.0' })
    assert.match(text, /^installed /)
  })

  const REFUSED: readonly {
    readonly it: string
    readonly options: () => Promise<InstallGpuOptions>
    readonly system?: Partial<System>
    readonly message: RegExp
  }[] = [
    {
      it: 'no source',
      options: async () => ({}),
      message: /^--from is missing: .*onnxruntime 1\.30\.0 for linux-x64/,
    },
    {
      it: 'a source that is not there',
      options: async () => ({ from: '/nonexistent.nupkg' }),
      message: /^\/nonexistent\.nupkg cannot be installed: it cannot be read: ENOENT/,
    },
    {
      it: 'a file of another checksum',
      options: async () => ({ from: await nupkg(), sha256: '0'.repeat(64) }),
      message: /its SHA-256 is [0-9a-f]{64}, expected was 0{64}; fetch it again$/,
    },
    {
      it: 'a checksum that is none',
      options: async () => ({ from: await nupkg(), sha256: 'abc' }),
      message: /^--sha256 is 'abc'; expected 64 hexadecimal digits$/,
    },
    {
      it: 'another release',
      options: async () => ({ from: await nupkg('Microsoft.ML.OnnxRuntime.Gpu.Linux.1.22.0.nupkg') }),
      message: /it is of onnxruntime 1\.22\.0, and the binding is 1\.30\.0/,
    },
    {
      it: 'a release that nobody names',
      options: async () => ({ from: await nupkg('gpu.nupkg') }),
      message: /add --source-version 1\.30\.0$/,
    },
    {
      it: 'a package without the CUDA library',
      options: async () => ({
        from: await file('cpu-1.30.0.zip', zipBytes([{ name: `lib/${SHARED}`, content: Buffer.from('x') }])),
      }),
      message: /it holds no libonnxruntime_providers_cuda\.so; give the GPU package/,
    },
    {
      it: 'what is no package',
      options: async () => ({ from: await file('page-1.30.0.nupkg', Buffer.from('<html>'.padEnd(100))) }),
      message: /unpack it and give the directory$/,
    },
    {
      it: 'another platform',
      options: async () => ({ from: await nupkg() }),
      system: { platform: 'darwin', arch: 'arm64' },
      message: /on linux\/x64 only, and this is darwin\/arm64/,
    },
    {
      it: 'a binding that is not there',
      options: async () => ({ from: await nupkg() }),
      system: { bindingDir: '/nonexistent/binding' },
      message: /^\/nonexistent\/binding cannot be written: .*run it as the user that owns node_modules$/,
    },
  ]
  for (const { it: what, options, system: changes, message } of REFUSED) {
    it(`refuses ${what}, and changes nothing`, async () => {
      await assert.rejects(install(await options(), changes), { message })
      assert.deepEqual(await readdir(bindingDir), [])
    })
  }

  it('leaves the libraries readable for everyone', async () => {
    const directory = join(root, 'gpu-1.30.0')
    await mkdir(directory)
    for (const [name, bytes] of Object.entries(LIBRARIES)) {
      await writeFile(join(directory, name), bytes)
      await chmod(join(directory, name), 0o600)
    }
    await install({ from: directory })
    const modes = await Promise.all(
      [CUDA, SHARED].map(async (name) => (await stat(join(bindingDir, name))).mode),
    )
    assert.deepEqual(modes, [0o100644, 0o100644])
  })
})
