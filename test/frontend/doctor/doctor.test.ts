import assert from 'node:assert/strict'
import { diagnosisText, examine } from '../../../frontend/doctor/doctor.ts'
import type { FindingStatus } from '../../../frontend/doctor/finding.ts'
import type { ExecutionProvider } from '../../../worker/contract/messages.ts'
import { elfBytes } from '../../support/elf-bytes.ts'
import { BINDING_DIR, fakeSystem, type FakeMachine } from '../../support/fake-system.ts'

const CUDA_LIBRARY = `${BINDING_DIR}/libonnxruntime_providers_cuda.so`
const QUERY = 'nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv,noheader'
const DRIVER = {
  '/dev/nvidia0': 0,
  '/dev/nvidiactl': 0,
  '/dev/nvidia-uvm': 0,
  '/proc/driver/nvidia/version':
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n',
}
const PROGRAMS = {
  [QUERY]: '0, NVIDIA H100 80GB HBM3, 81559 MiB, 550.54.15\n',
  'nvidia-smi ': '',
  'nvidia-smi': '| NVIDIA-SMI 550.54.15   Driver Version: 550.54.15   CUDA Version: 12.4 |',
  '/sbin/ldconfig -p':
    '2 libs found in cache\n\tlibcudart.so.12 (libc6,x86-64) => /usr/local/cuda/lib64/libcudart.so.12\n',
}

const CASES: readonly {
  readonly it: string
  readonly machine?: FakeMachine
  readonly asked?: readonly ExecutionProvider[]
  readonly stateDir?: string
  readonly check: string
  readonly status: FindingStatus
  readonly found: RegExp
  readonly fix?: RegExp
}[] = [
  { it: 'takes a good Node.js', check: 'Node.js', status: 'ok', found: /^v22\.1\.0$/ },
  {
    it: 'refuses an old Node.js',
    machine: { nodeVersion: 'v20.18.3' },
    check: 'Node.js',
    status: 'fail',
    found: /v20\.18\.3, needed is at least 20\.19/,
    fix: /install Node\.js 20\.19/,
  },
  {
    it: 'refuses a system without glibc',
    machine: { glibcVersion: undefined },
    check: 'platform',
    status: 'fail',
    found: /linux\/x64 without glibc/,
    fix: /node:22-bookworm-slim/,
  },
  {
    it: 'warns of little memory in a container',
    machine: { files: { '/sys/fs/cgroup/memory.max': '536870912\n' } },
    check: 'memory',
    status: 'warn',
    found: /may have 0\.5 GiB/,
    fix: /at least 1 GiB/,
  },
  {
    it: 'warns of few file descriptors',
    machine: {
      files: { '/proc/self/limits': 'Max open files            1024                 524288  files\n' },
    },
    check: 'open files',
    status: 'warn',
    found: /only 1024 may be open/,
    fix: /ulimit -n 4096/,
  },
  {
    it: 'refuses a state directory below one that is read-only',
    machine: { files: { '/srv': 4096 }, readOnly: ['/srv'] },
    stateDir: '/srv/models/state',
    check: 'state directory',
    status: 'fail',
    found: /\/srv\/models\/state cannot be written: \/srv is read-only/,
    fix: /--state-dir/,
  },
  { it: 'needs no NVIDIA driver', check: 'NVIDIA driver', status: 'note', found: /^none: no \/dev\/nvidia/ },
  {
    it: 'reads the version of the driver',
    machine: { files: DRIVER, programs: PROGRAMS },
    check: 'NVIDIA driver',
    status: 'ok',
    found: /^550\.54\.15, read from \/proc\/driver\/nvidia\/version$/,
  },
  {
    it: 'names the GPUs and the newest CUDA that the driver runs',
    machine: { files: DRIVER, programs: { ...PROGRAMS, 'nvidia-smi': 'CUDA Version: 12.4' } },
    check: 'GPUs',
    status: 'ok',
    found: /NVIDIA H100 80GB HBM3, 81559 MiB, 550\.54\.15; the driver runs CUDA up to 12\.4/,
  },
  {
    it: 'refuses device nodes that it may not open, where CUDA is asked for',
    machine: { files: DRIVER, readOnly: ['/dev/nvidia-uvm'], programs: PROGRAMS },
    asked: ['cuda'],
    check: 'device nodes',
    status: 'fail',
    found: /^\/dev\/nvidia-uvm cannot be opened/,
    fix: /docker run --gpus all/,
  },
  {
    it: 'only warns of them where nobody asked',
    machine: { files: DRIVER, readOnly: ['/dev/nvidia-uvm'], programs: PROGRAMS },
    check: 'device nodes',
    status: 'warn',
    found: /nvidia-uvm/,
    fix: /docker/,
  },
  {
    it: 'says how to get a provider library that is absent',
    check: 'libonnxruntime_providers_cuda.so',
    status: 'note',
    found: /^absent from \/app/,
    fix: /onnxserve install-gpu --from <Microsoft\.ML\.OnnxRuntime\.Gpu\.Linux\.1\.30\.0\.nupkg>/,
  },
  {
    it: 'names the package that brings what a provider library lacks',
    machine: {
      files: { [CUDA_LIBRARY]: elfBytes({ needed: ['libcudart.so.12', 'libcudnn.so.9'] }) },
      programs: PROGRAMS,
    },
    asked: ['cuda'],
    check: 'needs of libonnxruntime_providers_cuda.so',
    status: 'fail',
    found: /^libcudnn\.so\.9 is not found$/,
    fix: /install cuDNN 9 \(pip package nvidia-cudnn-cu12/,
  },
  {
    it: 'tells the versions of what a provider library gets, by the files that its links lead to',
    machine: {
      files: { [CUDA_LIBRARY]: elfBytes({ needed: ['libcudart.so.12'] }) },
      programs: PROGRAMS,
      links: { '/usr/local/cuda/lib64/libcudart.so.12': '/usr/local/cuda/lib64/libcudart.so.12.4.127' },
    },
    check: 'needs of libonnxruntime_providers_cuda.so',
    status: 'ok',
    found: /libcudart\.so\.12\.4\.127$/,
  },
  {
    it: 'looks beside a library that says so',
    machine: {
      files: {
        [CUDA_LIBRARY]: elfBytes({ needed: ['libcudart.so.13'], runpath: '$ORIGIN' }),
        [`${BINDING_DIR}/libcudart.so.13`]: 'x',
      },
    },
    check: 'needs of libonnxruntime_providers_cuda.so',
    status: 'ok',
    found: /x64\/libcudart\.so\.13$/,
  },
  {
    it: 'refuses a provider library that is none',
    machine: { files: { [CUDA_LIBRARY]: 'version https://git-lfs.github.com/spec/v1'.padEnd(100) } },
    asked: ['cuda'],
    check: 'needs of libonnxruntime_providers_cuda.so',
    status: 'fail',
    found: /no 64-bit little-endian ELF/,
    fix: /install it again/,
  },
  {
    it: 'warns of a Vulkan driver that is named and not there',
    machine: { environment: { VK_DRIVER_FILES: '/none.json' } },
    check: 'Vulkan drivers',
    status: 'warn',
    found: /names \/none\.json, which is not there/,
    fix: /unset VK_DRIVER_FILES/,
  },
  {
    it: 'only notes that a provider nobody asked for is not usable',
    check: 'provider webgpu',
    status: 'note',
    found: /^not usable: no adapter$/,
    fix: /libvulkan1/,
  },
  {
    it: 'refuses where a provider that was asked for is not usable',
    asked: ['webgpu'],
    check: 'provider webgpu',
    status: 'fail',
    found: /^no adapter$/,
    fix: /libvulkan1/,
  },
  {
    it: 'warns of a software driver',
    machine: { trials: [{ provider: 'webgpu', usable: true, libraries: ['/x/libvk_swiftshader.so'] }] },
    asked: ['webgpu'],
    check: 'provider webgpu',
    status: 'warn',
    found: /software driver \(\/x\/libvk_swiftshader\.so\)/,
    fix: /install the driver of the GPU/,
  },
  {
    it: 'tells which libraries a session had loaded',
    machine: {
      trials: [
        {
          provider: 'cuda',
          usable: true,
          reason: 'it ran',
          libraries: ['/x/libcudart.so.12.4.127', '/x/libz.so'],
        },
      ],
    },
    check: 'provider cuda',
    status: 'ok',
    found: /^it ran; it had loaded \/x\/libcudart\.so\.12\.4\.127$/,
  },
  {
    it: 'names the package of the library that a session lacked',
    machine: {
      trials: [{ provider: 'cuda', usable: false, reason: 'no: the library libcudnn.so.9 is not installed' }],
    },
    asked: ['cuda'],
    check: 'provider cuda',
    status: 'fail',
    found: /libcudnn\.so\.9 is not installed/,
    fix: /install cuDNN 9/,
  },
]

describe('the doctor', () => {
  for (const { it: claim, machine, asked = [], stateDir = '', check, status, found, fix } of CASES) {
    it(claim, async () => {
      const { findings } = await examine(fakeSystem(machine), { asked, stateDir })
      const finding = findings.filter((each) => each.check === check).find((each) => found.test(each.found))
      assert.equal(finding?.status, status, JSON.stringify(findings, undefined, 2))
      assert.match(finding.fix ?? '', fix ?? /^$/)
    })
  }

  const VERDICTS: readonly {
    readonly it: string
    readonly machine?: FakeMachine
    readonly asked: readonly ExecutionProvider[]
    readonly isUsable: boolean
  }[] = [
    { it: 'finds a machine without GPU usable', asked: [], isUsable: true },
    { it: 'does not where a GPU is asked for', asked: ['cuda'], isUsable: false },
    {
      it: 'does where the GPU answers',
      machine: { trials: [{ provider: 'cuda', usable: true }] },
      asked: ['cuda'],
      isUsable: true,
    },
    {
      it: 'does not where the runtime cannot even use the CPU',
      machine: { trials: [{ provider: 'cpu', usable: false, reason: 'crashed' }] },
      asked: [],
      isUsable: false,
    },
  ]
  for (const { it: claim, machine, asked, isUsable } of VERDICTS) {
    it(claim, async () => {
      assert.equal((await examine(fakeSystem(machine), { asked, stateDir: '' })).isUsable, isUsable)
    })
  }

  it('is read by people: a line per finding, the fix below it, the verdict last', () => {
    const text = diagnosisText({
      findings: [
        { check: 'Node.js', status: 'ok', found: 'v22.1.0' },
        { check: 'open files', status: 'warn', found: 'only 1024', fix: 'ulimit -n 4096' },
      ],
      isUsable: true,
    })
    assert.deepEqual(text.split('\n'), [
      'ok    Node.js    v22.1.0',
      'warn  open files only 1024',
      '                 fix: ulimit -n 4096',
      '',
      'usable: what was asked for runs here',
    ])
  })
})
