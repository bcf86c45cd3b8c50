/** A key of TorchServe that means nothing here. */
export type InapplicableKey = {
  /** Why it cannot apply, and what to use instead; completes "'key' …". */
  readonly why: string
  /** Values that ask for what happens anyway: these are accepted. */
  readonly harmless?: readonly string[]
}

const JAVA = 'configures the Java virtual machine of TorchServe; there is none here'
const NETTY = 'configures Netty, the network library of TorchServe; Node.js has no such threads or buffers'
const PYTHON = 'concerns Python; models here are ONNX graphs with TypeScript handlers'
const INTEL = "concerns Intel's extension for PyTorch; ONNX Runtime chooses its own CPU kernels"
const LAUNCHER = 'starts Python workers pinned to cores; use intraOpThreads of a model instead'
const WORKFLOWS = 'concerns workflows, whose registration TorchServe itself has disabled'
const PLUGINS = 'names Java plugins; an endpoint of your own belongs in front of the server'
const LOG4J = 'configures log4j; use log_level, log_format and access_log instead'
const CPP = "concerns TorchServe's C++ worker; there is none here"
const SOCKETS = 'numbers the ports of workers; workers here talk over sockets that have no port'
const SNAPSHOT = 'is written by TorchServe into its snapshots, and describes that process only'

/**
 * Keys of TorchServe's `config.properties` that cannot apply. Strict: such a key is an error with its sentence.
 * With the quirk `unknownProperties` it is accepted, and the sentence is logged.
 */
export const INAPPLICABLE_KEYS: Readonly<Record<string, InapplicableKey>> = {
  vmargs: { why: JAVA },
  number_of_netty_threads: { why: NETTY, harmless: ['0'] },
  netty_client_threads: { why: NETTY, harmless: ['0'] },
  prefer_direct_buffer: { why: NETTY, harmless: ['false'] },
  use_native_io: { why: NETTY, harmless: ['true'] },
  io_ratio: { why: NETTY, harmless: ['50'] },
  plugins_path: { why: PLUGINS },
  model_server_home: { why: 'names the installation of TorchServe; nothing is read from there' },
  debug: { why: 'is replaced by log_level=debug', harmless: ['false'] },
  workflow_store: { why: WORKFLOWS },
  install_py_dep_per_model: { why: PYTHON, harmless: ['false'] },
  default_service_handler: {
    why: 'cannot name a Python handler; an archive without a handler is served by the tensor handler',
  },
  initial_worker_port: { why: SOCKETS },
  initial_distribution_port: { why: 'concerns torchrun; no model here is spread over processes' },
  blacklist_env_vars: {
    why: 'hides variables from workers; here they see none but a harmless few and those that worker_environment names',
  },
  limit_max_image_pixels: {
    why: 'cannot be switched off: an image that decodes to too many pixels is refused',
    harmless: ['true'],
  },
  ts_open_inference_protocol: {
    why: 'chooses the Open Inference Protocol, which this server always speaks',
    harmless: ['false', 'true', 'oip'],
  },
  metrics_format: {
    why: 'is a key of the first TorchServes; metrics have the format that the scraper asks for',
    harmless: ['prometheus'],
  },
  NUM_WORKERS: {
    why: "stands in TorchServe's examples, but nothing reads it; what it seems to say is default_workers_per_model",
  },
  system_metrics_cmd: { why: 'names a subprocess; system metrics are read without one' },
  async_logging: { why: LOG4J, harmless: ['true', 'false'] },
  log_config: { why: LOG4J },
  cpp_log_config: { why: CPP },
  ipex_enable: { why: INTEL, harmless: ['false'] },
  ipex_gpu_enable: { why: INTEL, harmless: ['false'] },
  cpu_launcher_enable: { why: LAUNCHER, harmless: ['false'] },
  cpu_launcher_args: { why: LAUNCHER },
  python: { why: PYTHON },
  tsConfigFile: { why: SNAPSHOT },
  version: { why: SNAPSHOT },
}
