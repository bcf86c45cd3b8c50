import { InferenceSession } from 'onnxruntime-node'

/*
 * Loaded before a worker process' own program: engine calls fail as after an illegal access on a GPU, once a run has
 * a 13 among its inputs. Nothing else brings such an error about at will.
 */
const { run } = InferenceSession.prototype
InferenceSession.prototype.run = function (feeds, ...rest) {
  const isUnlucky = Object.values(feeds).some(({ data }) => data.includes(13))
  if (!isUnlucky) return run.call(this, feeds, ...rest)
  return Promise.reject(new Error('CUDA failure 700: an illegal memory access was encountered ; GPU=0'))
}
