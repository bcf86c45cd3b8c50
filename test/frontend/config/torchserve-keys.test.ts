import assert from 'node:assert/strict'
import { INAPPLICABLE_KEYS } from '../../../frontend/config/inapplicable.ts'
import { PROPERTIES } from '../../../frontend/config/names.ts'

/** Every key of TorchServe 0.12's `config.properties`, as its configuration manager declares them. */
const TORCHSERVE_KEYS = [
  ...['inference_address', 'management_address', 'metrics_address', 'grpc_inference_address'],
  ...['grpc_management_address', 'grpc_inference_port', 'grpc_management_port'],
  ...['grpc_inference_max_connection_age_ms', 'grpc_inference_max_connection_age_grace_ms'],
  ...['grpc_management_max_connection_age_ms', 'grpc_management_max_connection_age_grace_ms'],
  ...[
    'private_key_file',
    'certificate_file',
    'keystore',
    'keystore_pass',
    'keystore_type',
    'enable_grpc_ssl',
  ],
  ...['cors_allowed_origin', 'cors_allowed_methods', 'cors_allowed_headers'],
  ...['model_store', 'workflow_store', 'load_models', 'models', 'model_snapshot', 'enable_model_api'],
  ...['allowed_urls', 'use_env_allowed_urls', 'install_py_dep_per_model', 'default_service_handler'],
  ...['service_envelope', 'default_workers_per_model', 'job_queue_size', 'default_response_timeout'],
  ...['default_startup_timeout', 'unregister_model_timeout', 'number_of_gpu', 'initial_worker_port'],
  ...['initial_distribution_port', 'blacklist_env_vars', 'decode_input_request', 'limit_max_image_pixels'],
  ...['number_of_netty_threads', 'netty_client_threads', 'max_request_size', 'max_response_size'],
  ...['prefer_direct_buffer', 'use_native_io', 'io_ratio', 'vmargs', 'plugins_path', 'model_server_home'],
  ...['debug', 'enable_envvars_config', 'enable_metrics_api', 'metrics_config', 'metrics_mode'],
  ...['model_metrics_auto_detect', 'disable_system_metrics', 'system_metrics_cmd', 'metric_time_interval'],
  ...['async_logging', 'cpp_log_config', 'ts_open_inference_protocol', 'ts_header_key_sequence_id'],
  ...['ts_header_key_sequence_start', 'ts_header_key_sequence_end', 'disable_token_authorization'],
  ...['token_expiration_min', 'ipex_enable', 'ipex_gpu_enable', 'cpu_launcher_enable', 'cpu_launcher_args'],
]

describe("TorchServe's configuration keys", () => {
  for (const key of TORCHSERVE_KEYS) {
    it(`${key} is read, or refused with a sentence`, () => {
      assert.equal(Number(PROPERTIES.has(key)) + Number(Object.hasOwn(INAPPLICABLE_KEYS, key)), 1)
    })
  }

  for (const [key, { why }] of Object.entries(INAPPLICABLE_KEYS)) {
    it(`${key} has a sentence that says what and why`, () => assert.match(why, /^[a-z]+ .{20,}[^.]$/))
  }
})
