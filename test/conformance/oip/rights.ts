/* Which token each route and each RPC of the V2 protocol asks for, by whatever alias it is called. */

export const RIGHTS_NUMBER = 89

const ofModel = (path: string) =>
  ['', '/versions/1.0'].map((version) => `/v2/models/identity${version}${path}`)
const ofRepository = (path: string) => ['/v2/repository', '/v2/repository/mine'].map((each) => each + path)

export const ROUTES = {
  inference: [
    ...['/infer', '/generate', '/generate_stream'].flatMap(ofModel).map((path) => `POST ${path}`),
    ...['', '/config', '/stats'].flatMap(ofModel).map((path) => `GET ${path}`),
    'GET /v2/models',
    'GET /v2/models/stats',
  ],
  management: [
    ...['/index', '/models/identity/load', '/models/identity/unload']
      .flatMap(ofRepository)
      .map((path) => `POST ${path}`),
    ...['GET', 'POST'].flatMap((method) =>
      ['/v2/logging', '/v2/trace/setting', '/v2/models/identity/trace/setting'].map(
        (path) => `${method} ${path}`,
      ),
    ),
  ],
} as const

export const MANAGING_RPCS = [
  'RepositoryIndex',
  'RepositoryModelLoad',
  'RepositoryModelUnload',
  'LogSettings',
  'TraceSetting',
]

/** Anybody may ask how the server is. */
export const OPEN_RPCS = ['ServerLive', 'ServerReady', 'ModelReady']
export const OPEN_PATHS = ['/v2/health/live', '/v2/health/ready', ...ofModel('/ready')]
