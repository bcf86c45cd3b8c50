import assert from 'node:assert/strict'
import { join } from 'node:path'
import { readDynamicSection } from '../../../frontend/doctor/elf.ts'
import { realFiles } from '../../../frontend/doctor/system.ts'
import { elfBytes } from '../../support/elf-bytes.ts'

const readDynamic = (file: Uint8Array) =>
  readDynamicSection((offset, length) => file.subarray(offset, offset + length))

describe('readDynamicSection', () => {
  it('reads what a library needs, and where it looks', () => {
    const file = elfBytes({ needed: ['libcudart.so.12', 'libc.so.6'], runpath: '$ORIGIN:/opt/cuda/lib64' })
    assert.deepEqual(readDynamic(file), {
      needed: ['libcudart.so.12', 'libc.so.6'],
      searchPaths: ['$ORIGIN', '/opt/cuda/lib64'],
    })
  })

  it('reads a library that a linker made', () => {
    const path = join(
      import.meta.dirname,
      '../../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
    )
    const { needed } = readDynamicSection((offset, length) => realFiles.readAt(path, offset, length))
    assert.ok(needed.includes('libonnxruntime.so.1'), needed.join())
    assert.ok(needed.includes('libc.so.6'), needed.join())
  })

  const BROKEN = [
    {
      it: 'a text',
      file: Buffer.from('GROUP ( libcudart.so.12 )'.padEnd(80)),
      message: /no 64-bit little-endian ELF/,
    },
    { it: 'an empty file', file: Buffer.alloc(0), message: /it is cut/ },
    { it: 'a cut file', file: elfBytes({ needed: ['libc.so.6'] }).subarray(0, 150), message: /it is cut/ },
  ]
  for (const { it: what, file, message } of BROKEN) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readDynamic(file), message)
    })
  }
})
