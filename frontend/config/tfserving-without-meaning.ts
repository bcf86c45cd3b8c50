/** A flag of TensorFlow Serving that means nothing here. */
export type TfServingOnly = {
  /** Why it cannot apply, and what to use instead; completes "'flag' …". */
  readonly why: string
  /** Values that ask for what happens anyway. */
  readonly harmless?: readonly string[]
  /** Whether a server without it would be another one than was asked for; otherwise it is noted, and ignored. */
  readonly isRefused?: true
}

const THREADS =
  'sizes a pool of threads; here the workers of each model are what runs (default_workers_per_model)'
const TENSORFLOW = 'concerns the runtime of TensorFlow; models here are run by ONNX Runtime'
const TFLITE = 'concerns TensorFlow Lite; models here are run by ONNX Runtime'
const RETRIES = 'bounds how often a load is tried; here it is tried again later and later, without an end'
const CREDENTIALS = 'configures encryption; use private_key_file and certificate_file, with enable_grpc_ssl'

/** By the names of their flags, without dashes. */
export const TFSERVING_WITHOUT_MEANING: Readonly<Record<string, TfServingOnly>> = {
  rest_api_port: { why: 'of 0 switches HTTP off; here inference_address is always served' },
  rest_api_num_threads: { why: THREADS },
  rest_api_enable_cors_support: {
    why: 'is true, for every web page, or false; cors_allowed_origin names single ones',
    harmless: ['false'],
    isRefused: true,
  },
  grpc_max_threads: { why: THREADS },
  grpc_socket_path: {
    why: 'names a unix socket for gRPC, which listens on ports here; inference_address=unix:/path serves HTTP on one',
    harmless: [''],
    isRefused: true,
  },
  grpc_channel_arguments: {
    why: "configures the C++ library of gRPC; see the settings 'grpc_…'",
    harmless: [''],
  },
  enable_grpc_healthcheck_service: {
    why: 'switches the health service off; it is always there',
    harmless: ['true'],
  },
  enable_per_model_batching_parameters: {
    why: "has models read a batching_params.pbtxt; here a model's own configuration says how it batches",
    harmless: ['false'],
  },
  num_load_threads: { why: 'sizes the threads that load; here every model loads in a process of its own' },
  num_unload_threads: {
    why: 'sizes the threads that unload; here every model ends with a process of its own',
  },
  max_num_load_retries: { why: RETRIES },
  load_retry_interval_micros: { why: RETRIES },
  flush_filesystem_caches: { why: "concerns the operating system's cache of files, which is left to itself" },
  tensorflow_session_parallelism: { why: `${TENSORFLOW}; see intraOpThreads of a model` },
  tensorflow_intra_op_parallelism: { why: `${TENSORFLOW}; see intraOpThreads of a model` },
  tensorflow_inter_op_parallelism: { why: `${TENSORFLOW}; see intraOpThreads of a model` },
  tensorflow_session_config_file: { why: TENSORFLOW, harmless: [''] },
  per_process_gpu_memory_fraction: { why: TENSORFLOW, harmless: ['0', '0.0'] },
  saved_model_tags: { why: 'chooses a graph of a SavedModel; an ONNX model has one', harmless: ['serve'] },
  remove_unused_fields_from_bundle_metagraph: { why: TENSORFLOW },
  mixed_precision: { why: TENSORFLOW, harmless: [''] },
  xla_cpu_compilation_enabled: { why: TENSORFLOW, harmless: ['false'] },
  xla_gpu_compilation_enabled: { why: TENSORFLOW, harmless: ['false'] },
  prefer_tflite_model: { why: TFLITE, harmless: ['false'] },
  num_tflite_pools: { why: TFLITE },
  num_tflite_interpreters_per_pool: { why: TFLITE },
  enable_model_warmup: {
    why: 'switches warming up off; every worker is warmed before it counts',
    harmless: ['true'],
  },
  num_request_iterations_for_warmup: {
    why: "repeats the requests of tf_serving_warmup_requests; here a model's samples warm it",
    harmless: ['0'],
  },
  monitoring_config_file: {
    why: 'switches metrics on; they are always at metrics_address, under /metrics',
    harmless: [''],
  },
  enable_profiler: { why: 'opens the profiler of TensorFlow; there is none here', harmless: ['false'] },
  enable_signature_method_name_check: {
    why: "checks a SavedModel's method names; here a declared signature has the method that it says",
    harmless: ['false'],
  },
  thread_pool_factory_config_file: { why: THREADS, harmless: [''] },
  ssl_config_file: { why: CREDENTIALS, harmless: [''], isRefused: true },
  use_alts_credentials: { why: CREDENTIALS, harmless: ['false'], isRefused: true },
  platform_config_file: {
    why: 'configures platforms of TensorFlow Serving; use batching_parameters_file and the configurations of the models',
    harmless: [''],
    isRefused: true,
  },
}
