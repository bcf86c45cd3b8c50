/*
 * Puts the GPU libraries of onnxruntime beside the binding, from a local file or directory: `onnxserve install-gpu`
 * for a checkout that is not built.
 *
 *   node --import tsx scripts/install-gpu.ts --from Microsoft.ML.OnnxRuntime.Gpu.Linux.<version>.nupkg --sha256 <digest>
 */
process.argv.splice(2, 0, 'install-gpu')
await import('../frontend/main.ts')
export {}
