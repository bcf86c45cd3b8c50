import { privateBytes, proportionalBytes, residentBytes } from '../../process-usage.ts'
import type { Memory, ProcessMemory } from './results.ts'
import type { Contenders } from './subjects.ts'

export function memoryOf({ model, onnxserve, bare }: Contenders): Memory {
  return {
    model: model.name,
    modelBytes: model.onnx.byteLength,
    frontend: processMemory([onnxserve.frontendPid]),
    workers: processMemory(onnxserve.workerPids()),
    bare: processMemory([bare.frontendPid]),
  }
}

function processMemory(pids: readonly number[]): ProcessMemory {
  const sum = (bytesOf: (pid: number) => number) => pids.reduce((total, pid) => total + bytesOf(pid), 0)
  return {
    residentBytes: sum(residentBytes),
    proportionalBytes: sum(proportionalBytes),
    privateBytes: sum(privateBytes),
  }
}
