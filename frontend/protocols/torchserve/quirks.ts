import { GRPC_QUIRKS } from './grpc-quirks.ts'

/**
 * Whose manners the dialect has: its own, strict and helpful, or exactly those of TorchServe 0.12, for clients
 * that depend on what is merely odd there.
 */
export const COMPATIBILITIES = ['strict', 'torchserve'] as const
export type Compatibility = (typeof COMPATIBILITIES)[number]

/** One oddity: what each mode does, in words for the documentation. */
export type Quirk = { readonly topic: string; readonly strict: string; readonly torchserve: string }

/** Every oddity of TorchServe that can be asked for. The table in `docs/from-torchserve.md` is made from it. */
export const QUIRKS = {
  ...GRPC_QUIRKS,
  anyMethodPredicts: {
    topic: 'method of a prediction',
    strict: 'checked: 405 with `Allow` for any other than the listed ones',
    torchserve: 'any method predicts',
  },
  v1Routes: {
    topic: '`/v1/models/{model}:predict` and `:explain`',
    strict:
      'TensorFlow Serving\'s REST API and KServe\'s V1: typed rows and columns, `{"error"}`, status and metadata',
    torchserve: 'the body is for the handler, as with `/predictions`; no other route of TensorFlow Serving',
  },
  openApiNames: {
    topic: 'names in the API descriptions',
    strict: 'titles of this server; the path of a prediction as it is, `/predictions/{model}`',
    torchserve: 'title `TorchServe APIs`; singular `/prediction/{model}` in the description of a model',
  },
  rootNotAllowed: {
    topic: '`GET /`',
    strict: 'an index of the routes',
    torchserve: '405',
  },
  handlerFailureStatus: {
    topic: 'a handler that throws',
    strict: '500, for the request that made it throw',
    torchserve: '503',
  },
  wholeBatchFails: {
    topic: 'a handler that throws for a batch',
    strict: 'each request of the batch is tried once more alone: only the one at fault fails',
    torchserve: 'every request of the batch fails',
  },
  timeoutStatus: {
    topic: 'a worker that does not answer in time',
    strict: '504',
    torchserve: '500',
  },
  sameUnavailable: {
    topic: 'no worker, or a full queue',
    strict: '503 that says which, with `Retry-After` and the reason in `x-reject-reason`',
    torchserve: '503 with one text for both and neither header',
  },
  emptyBodyTooLarge: {
    topic: 'a request body over the limit',
    strict: '413 with an error that names the limit',
    torchserve: '413 without a body',
  },
  connectionClose: {
    topic: 'connection after an error',
    strict: 'kept alive',
    torchserve: '`Connection: close` on every status from 400',
  },
  pingRetryWindow: {
    topic: '`/ping` while workers load or fail',
    strict: 'unhealthy at once, with the reason, when a version that should answer has no ready worker',
    torchserve: "healthy until a default version's workers have failed for longer than its retry window",
  },
  parameters: {
    topic: 'parameters of the management API that are unknown, repeated, or no number',
    strict: '400, with what is allowed and the likely spelling',
    torchserve:
      'passed over: a bad number counts as absent, a bad truth value as false, of two values the first; a page has 100 models unless 1 to 100 are asked for',
  },
  refusedArchives: {
    topic: 'registering from an address that is not allowed, or by a path that leaves the store',
    strict: '403; 400 for the path',
    torchserve: '404 `ModelNotFoundException`',
  },
  registeredTwice: {
    topic: 'registering the same archive again',
    strict: '200, and nothing changes; 409 when it is another archive of the same version',
    torchserve: '409 in both cases',
  },
  lastPageToken: {
    topic: '`nextPageToken` where the list ends exactly with the page',
    strict: 'absent',
    torchserve: 'present; the next page is empty',
  },
  workerStates: {
    topic: '`status` of a worker',
    strict: '`LOADING`, `READY`, `DRAINING` or `FAILED`',
    torchserve: '`READY`, else `UNLOADING`, while it loads too',
  },
  settingPrecedence: {
    topic: 'workers and timeouts that call and archive both say',
    strict:
      'the call counts, then the archive, then the `models` property; `describe` names the source of each',
    torchserve:
      'the archive counts, then for timeouts the `models` property, then the call; an archive with a `model-config.yaml` that says no timeout says 120 s',
  },
  modelConfigKeys: {
    topic: 'keys of `model-config.yaml` that are unknown, wrong, or cannot apply',
    strict: 'the archive is refused, with the reason',
    torchserve: 'passed over, with a warning in the log',
  },
  configFileOrder: {
    topic: 'which configuration file is read',
    strict: 'the one that `--ts-config` or `--config-file` names, else the one that `TS_CONFIG_FILE` names',
    torchserve: 'the one that `TS_CONFIG_FILE` names, else the one that `--ts-config` names',
  },
  torchserveDefaults: {
    topic: 'defaults of settings',
    strict: 'chosen for a laptop and for safety',
    torchserve: "TorchServe's, where the table of settings names a second one",
  },
  savedStateFirst: {
    topic: '`--models` and `load_models` beside registrations that are restored',
    strict: 'all are served, and of one version what the configuration declares; the start report says which',
    torchserve: 'only what is restored; the start report says what was left out',
  },
  unknownProperties: {
    topic: 'keys of `config.properties` that are unknown, cannot apply, or are given twice',
    strict: 'the server does not start, and says why',
    torchserve: 'a warning in the log; of two the last one counts',
  },
  variablesBeforeFlags: {
    topic: 'variables that TorchServe reads whatever is configured, as `LOG_LOCATION`',
    strict: 'a flag comes before them',
    torchserve: 'they come before flags',
  },
  tokenErrorStatus: {
    topic: 'a missing, wrong or insufficient token',
    strict: '401 with `WWW-Authenticate`, or 403',
    torchserve: '400 `InvalidKeyException`',
  },
  healthToken: {
    topic: 'token of health routes, where tokens are asked for',
    strict: 'none: probes have no tokens',
    torchserve: 'that of the listener, for `/ping` too',
  },
  keyOverlap: {
    topic: 'the old key after `GET /token`',
    strict: 'accepted for another minute, while clients change over',
    torchserve: 'refused at once',
  },
  staticCors: {
    topic: '`cors_allowed_*`',
    strict: 'preflights are answered, and an origin is named back if it is allowed',
    torchserve: 'sent as they are with every answer; preflights are not answered',
  },
  cacheHeaders: {
    topic: 'headers of every answer against caching',
    strict: 'none: the answers are no pages',
    torchserve: '`Pragma`, `Cache-Control` and `Expires`',
  },
  metricsText: {
    topic: 'format of `GET /metrics`',
    strict: 'text 0.0.4, OpenMetrics or protobuf with native histograms, as `Accept` asks',
    torchserve: 'always text 0.0.4, a comma after the last label, `8.0` for 8, HELP of kind and unit',
  },
  openDocuments: {
    topic: 'token of `/metrics`, `/api-description` and `OPTIONS /`, where tokens are asked for',
    strict: 'the scope of the listener',
    torchserve: 'none',
  },
} as const satisfies Readonly<Record<string, Quirk>>

export type QuirkName = keyof typeof QUIRKS

/** Whether the quirk is in force. Each call names its row of {@link QUIRKS}. */
export type HasQuirk = (name: QuirkName) => boolean

export function quirksOf(compatibility: Compatibility): HasQuirk {
  return (name) => compatibility === 'torchserve' && name in QUIRKS
}
