/** Another server of the same model, in Python. */
export type Peer = {
  /** As its makers write it. */
  readonly title: string
  /** Of its program, `servers/<name>_server.py`, its requirements and its Python environment. */
  readonly name: string
  /** What must be importable for it. */
  readonly modules: readonly string[]
  /** Further arguments of its program. */
  readonly arguments?: readonly string[]
  readonly path: string
  /** The body that asks for one row. */
  readonly body: (row: readonly number[]) => unknown
  /** The row of scores in its parsed answer. */
  readonly answer: (answer: unknown) => unknown
  /** A web framework that a person would put before a model, what its makers call a model server, or a variant of one. */
  readonly kind: 'framework' | 'model server' | 'variant'
}

const PLAIN = {
  path: '/predict',
  body: (row: readonly number[]) => ({ x: [row] }),
  answer: (answer: unknown) => (answer as { y?: unknown[] }).y?.[0], // compared by value, whatever it is
}

const V2 = {
  path: '/v2/models/m/infer',
  body: (row: readonly number[]) => ({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, row.length], data: row }],
  }),
  answer: (answer: unknown) => (answer as { outputs?: { data?: unknown }[] }).outputs?.[0]?.data, // likewise
}

const ENGINE = ['onnxruntime', 'numpy']

/** Without the last two uvicorn would run, but slower than people run it. */
const FASTAPI = ['fastapi', 'uvicorn', 'uvloop', 'httptools', ...ENGINE]

/** Each with one process that runs the model and its default settings, but for the second of the first two. */
export const PEERS: readonly Peer[] = [
  {
    title: 'FastAPI + uvicorn',
    name: 'fastapi',
    modules: FASTAPI,
    ...PLAIN,
    kind: 'framework',
  },
  {
    title: 'FastAPI + uvicorn, 2 processes',
    name: 'fastapi',
    modules: FASTAPI,
    arguments: ['2'],
    ...PLAIN,
    kind: 'variant',
  },
  { title: 'LitServe', name: 'litserve', modules: ['litserve', ...ENGINE], ...PLAIN, kind: 'model server' },
  { title: 'MLServer', name: 'mlserver', modules: ['mlserver', ...ENGINE], ...V2, kind: 'model server' },
  { title: 'BentoML', name: 'bentoml', modules: ['bentoml', ...ENGINE], ...PLAIN, kind: 'model server' },
  { title: 'Ray Serve', name: 'ray', modules: ['ray.serve', ...ENGINE], ...PLAIN, kind: 'model server' },
  {
    title: 'TorchServe',
    name: 'torchserve',
    modules: ['ts', 'torch', 'model_archiver', ...ENGINE],
    ...PLAIN,
    path: '/predictions/m',
    kind: 'model server',
  },
]
