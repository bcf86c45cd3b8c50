import { field, inPackage, mapEntry, merge, message, optional, repeated } from './message.ts'

/*
 * TorchServe's services, by the package names and field numbers of version 0.12. Numbers and switches are marked
 * optional here, which they are not there: the same bytes, and a 0 that a client sends on purpose can be seen.
 */
const STATUS = 'google.rpc.Status'

const INFERENCE = inPackage('org.pytorch.serve.grpc.inference', {
  TorchServeHealthResponse: message({ health: field('string', 1) }),
  PredictionsRequest: message(
    {
      model_name: field('string', 1),
      model_version: field('string', 2),
      input: repeated('InputEntry', 3),
      sequence_id: optional('string', 4),
    },
    { InputEntry: mapEntry('string', 'bytes') },
  ),
  PredictionResponse: message({
    prediction: field('bytes', 1),
    sequence_id: optional('string', 2),
    status: optional(STATUS, 3),
  }),
  InferenceAPIsService: {
    methods: {
      Ping: { requestType: 'google.protobuf.Empty', responseType: 'TorchServeHealthResponse' },
      Predictions: { requestType: 'PredictionsRequest', responseType: 'PredictionResponse' },
      StreamPredictions: {
        requestType: 'PredictionsRequest',
        responseType: 'PredictionResponse',
        responseStream: true,
      },
      StreamPredictions2: {
        requestType: 'PredictionsRequest',
        responseType: 'PredictionResponse',
        requestStream: true,
        responseStream: true,
      },
    },
  },
})

const ONE_VERSION = message({ model_name: field('string', 1), model_version: field('string', 2) })

const MANAGEMENT = inPackage('org.pytorch.serve.grpc.management', {
  ManagementResponse: message({ msg: field('string', 1) }),
  DescribeModelRequest: message({
    model_name: field('string', 1),
    model_version: field('string', 2),
    customized: optional('bool', 3),
  }),
  ListModelsRequest: message({ limit: optional('int32', 1), next_page_token: optional('int32', 2) }),
  RegisterModelRequest: message({
    batch_size: optional('int32', 1),
    handler: field('string', 2),
    initial_workers: optional('int32', 3),
    max_batch_delay: optional('int32', 4),
    model_name: field('string', 5),
    response_timeout: optional('int32', 6),
    runtime: field('string', 7),
    synchronous: optional('bool', 8),
    url: field('string', 9),
    s3_sse_kms: optional('bool', 10),
    startup_timeout: optional('int32', 11),
  }),
  ScaleWorkerRequest: message({
    model_name: field('string', 1),
    model_version: field('string', 2),
    max_worker: optional('int32', 3),
    min_worker: optional('int32', 4),
    number_gpu: optional('int32', 5),
    synchronous: optional('bool', 6),
    timeout: optional('int32', 7),
  }),
  SetDefaultRequest: ONE_VERSION,
  UnregisterModelRequest: ONE_VERSION,
  ManagementAPIsService: {
    methods: {
      DescribeModel: { requestType: 'DescribeModelRequest', responseType: 'ManagementResponse' },
      ListModels: { requestType: 'ListModelsRequest', responseType: 'ManagementResponse' },
      RegisterModel: { requestType: 'RegisterModelRequest', responseType: 'ManagementResponse' },
      ScaleWorker: { requestType: 'ScaleWorkerRequest', responseType: 'ManagementResponse' },
      SetDefault: { requestType: 'SetDefaultRequest', responseType: 'ManagementResponse' },
      UnregisterModel: { requestType: 'UnregisterModelRequest', responseType: 'ManagementResponse' },
    },
  },
})

export const TORCHSERVE = merge(INFERENCE, MANAGEMENT)
