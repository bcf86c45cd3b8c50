/** A request of the documentation, or one that its users stumble over. */
export type Case = {
  readonly it: string
  /** `POST /v1/models/{path}` with a body, else `GET`. */
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
  /** Exactly this, or what it must match. */
  readonly text: string | RegExp
  readonly answer?: Readonly<Record<string, string>>
}

export const PREDICT_CASES: readonly Case[] = [
  {
    it: 'answers the example of its documentation',
    path: 'half:predict',
    body: '{"instances": [1.0, 2.0, 5.0]}',
    text: '{"predictions":[2.5,3.0,4.5]}',
    answer: { 'x-model-version': '123' },
  },
  {
    it: 'answers columns',
    path: 'half:predict',
    body: '{"inputs": {"x": [1.0]}}',
    text: '{"outputs":[2.5]}',
  },
  {
    it: 'answers a version',
    path: 'half/versions/124:predict',
    body: '{"instances":[1]}',
    text: '{"predictions":[3.5]}',
  },
  {
    it: 'answers a version with zeros',
    path: 'half/versions/00000124:predict',
    body: '{"instances":[1]}',
    text: '{"predictions":[3.5]}',
  },
  {
    it: 'answers a label',
    path: 'half/labels/stable:predict',
    body: '{"instances":[1]}',
    text: '{"predictions":[2.5]}',
  },
  {
    it: 'answers a version that is no integer by its integer',
    path: 'named/versions/2:predict',
    body: '{"instances":[1]}',
    text: '{"predictions":[2.5]}',
    answer: { 'x-model-version': '2.1' },
  },
  {
    it: 'answers it by its name, too',
    path: 'named/versions/2.1:predict',
    body: '{"instances":[1]}',
    text: '{"predictions":[2.5]}',
  },
  {
    it: 'answers a signature by its names',
    path: 'half:predict',
    body: '{"signature_name":"tensorflow","instances":[{"left":1}]}',
    text: '{"predictions":[2.5]}',
  },
  {
    it: 'answers several inputs',
    path: 'pair:predict',
    body: '{"instances":[{"a":[1,2],"b":[3,4]},{"b":[1,1],"a":[0,0]}]}',
    text: '{"predictions":[[4.0,6.0],[1.0,1.0]]}',
  },
  {
    it: 'keeps every digit of a long',
    path: 'longs:predict',
    body: '{"instances":[9007199254740993,-9223372036854775808]}',
    text: '{"predictions":[9007199254740993,-9223372036854775808]}',
  },
  {
    it: 'keeps texts',
    path: 'texts:predict',
    body: '{"instances":["è\\n𝄞",{"b64":"aGk="}]}',
    text: '{"predictions":["è\\n𝄞","hi"]}',
  },
  {
    it: 'answers a scalar by columns',
    path: 'total:predict',
    body: '{"inputs":[[1,2]]}',
    text: '{"outputs":3.0}',
  },
  {
    it: 'answers valid JSON where there is no number',
    path: 'half:predict',
    body: '{"instances":[NaN,-Infinity]}',
    text: '{"predictions":["NaN","-Infinity"]}',
  },
  {
    it: 'writes the shortest digits of a float',
    path: 'half:predict',
    body: '{"instances":[-3.8,1e30]}',
    text: '{"predictions":[0.100000024,5e+29]}',
  },
]

export const REFUSED_CASES: readonly Case[] = [
  {
    it: 'has no rows of a scalar',
    path: 'total:predict',
    body: '{"instances":[[1,2]]}',
    status: 400,
    text: /has no shape information/,
  },
  {
    it: 'knows no such model',
    path: 'none:predict',
    body: '{"instances":[1]}',
    status: 404,
    text: /Servable not found for request: Latest\(none\)/,
  },
  {
    it: 'knows no such version',
    path: 'half/versions/9:predict',
    body: '{"instances":[1]}',
    status: 404,
    text: /Servable not found for request: Specific\(half, 9\)/,
  },
  {
    it: 'knows no such label',
    path: 'half/labels/beta:predict',
    body: '{"instances":[1]}',
    status: 400,
    text: /Unrecognized servable version label: beta/,
  },
  {
    it: 'knows no such signature',
    path: 'half:predict',
    body: '{"signature_name":"s","instances":[1]}',
    status: 400,
    text: /Serving signature name: \\"s\\" not found in signature def/,
  },
  {
    it: 'needs a body',
    path: 'half:predict',
    body: '',
    status: 400,
    text: /the request body is not valid JSON/,
  },
  {
    it: 'names the place of a wrong element',
    path: 'pair:predict',
    body: '{"inputs":{"a":[[1,2]],"b":[[1,"x"]]}}',
    status: 400,
    text: /at \/inputs\/b\/0\/1/,
  },
  {
    it: 'names what shape is expected',
    path: 'half:predict',
    body: '{"instances":[[1,2],[3,4]]}',
    status: 400,
    text: /input 'x' has shape \[2,2\], model expects \[batch\]/,
  },
  {
    it: 'wants equally many rows',
    path: 'pair:predict',
    body: '{"inputs":{"a":[[1,2]],"b":[[1,2],[3,4]]}}',
    status: 400,
    text: /error/,
  },
  {
    it: 'takes only integers for integers',
    path: 'longs:predict',
    body: '{"instances":[1.0]}',
    status: 400,
    text: /\/instances\/0 is no integer/,
  },
  {
    it: 'takes no number beyond its type',
    path: 'longs:predict',
    body: '{"instances":[9223372036854775808]}',
    status: 400,
    text: /INT64 expects/,
  },
  {
    it: 'does not unpack what it does not know',
    path: 'half:predict',
    body: '{}',
    headers: { 'content-encoding': 'snappy' },
    status: 415,
    text: /error/,
  },
]
