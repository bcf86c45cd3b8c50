import {
  choosing,
  field,
  inPackage,
  mapEntry,
  merge,
  message,
  nested,
  repeated,
  type Enum,
} from './message.ts'

/*
 * What TensorFlow Serving's messages are made of, by the package names and field numbers of TensorFlow.
 *
 * @see https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/framework
 */

const DATA_TYPE: Enum = {
  values: {
    DT_INVALID: 0,
    DT_FLOAT: 1,
    DT_DOUBLE: 2,
    DT_INT32: 3,
    DT_UINT8: 4,
    DT_INT16: 5,
    DT_INT8: 6,
    DT_STRING: 7,
    DT_COMPLEX64: 8,
    DT_INT64: 9,
    DT_BOOL: 10,
    DT_QINT8: 11,
    DT_QUINT8: 12,
    DT_QINT32: 13,
    DT_BFLOAT16: 14,
    DT_QINT16: 15,
    DT_QUINT16: 16,
    DT_UINT16: 17,
    DT_COMPLEX128: 18,
    DT_HALF: 19,
    DT_RESOURCE: 20,
    DT_VARIANT: 21,
    DT_UINT32: 22,
    DT_UINT64: 23,
  },
}

const FRAMEWORK = inPackage('tensorflow', {
  DataType: DATA_TYPE,
  TensorShapeProto: message(
    { dim: repeated('Dim', 2), unknown_rank: field('bool', 3) },
    { Dim: message({ size: field('int64', 1), name: field('string', 2) }) },
  ),
  TensorProto: message({
    dtype: nested('DataType', 1),
    tensor_shape: nested('TensorShapeProto', 2),
    version_number: field('int32', 3),
    tensor_content: field('bytes', 4),
    float_val: repeated('float', 5),
    double_val: repeated('double', 6),
    int_val: repeated('int32', 7),
    string_val: repeated('bytes', 8),
    scomplex_val: repeated('float', 9),
    int64_val: repeated('int64', 10),
    bool_val: repeated('bool', 11),
    dcomplex_val: repeated('double', 12),
    half_val: repeated('int32', 13),
    uint32_val: repeated('uint32', 16),
    uint64_val: repeated('uint64', 17),
  }),
  TensorInfo: message({
    name: field('string', 1),
    dtype: nested('DataType', 2),
    tensor_shape: nested('TensorShapeProto', 3),
  }),
  SignatureDef: message(
    {
      inputs: repeated('InputsEntry', 1),
      outputs: repeated('OutputsEntry', 2),
      method_name: field('string', 3),
      defaults: repeated('DefaultsEntry', 4),
    },
    {
      InputsEntry: mapEntry('string', 'TensorInfo'),
      OutputsEntry: mapEntry('string', 'TensorInfo'),
      DefaultsEntry: mapEntry('string', 'TensorProto'),
    },
  ),
})

/** `tf.Example`: features by their names, each a list of one of three kinds. */
const EXAMPLE = inPackage('tensorflow', {
  BytesList: message({ value: repeated('bytes', 1) }),
  FloatList: message({ value: repeated('float', 1) }),
  Int64List: message({ value: repeated('int64', 1) }),
  Feature: choosing(
    { kind: ['bytes_list', 'float_list', 'int64_list'] },
    message({
      bytes_list: nested('BytesList', 1),
      float_list: nested('FloatList', 2),
      int64_list: nested('Int64List', 3),
    }),
  ),
  Features: message(
    { feature: repeated('FeatureEntry', 1) },
    { FeatureEntry: mapEntry('string', 'Feature') },
  ),
  Example: message({ features: nested('Features', 1) }),
})

/** The codes of gRPC, under the names that statuses of versions have. */
const ERROR = inPackage('tensorflow.error', {
  Code: {
    values: {
      OK: 0,
      CANCELLED: 1,
      UNKNOWN: 2,
      INVALID_ARGUMENT: 3,
      DEADLINE_EXCEEDED: 4,
      NOT_FOUND: 5,
      ALREADY_EXISTS: 6,
      PERMISSION_DENIED: 7,
      RESOURCE_EXHAUSTED: 8,
      FAILED_PRECONDITION: 9,
      ABORTED: 10,
      OUT_OF_RANGE: 11,
      UNIMPLEMENTED: 12,
      INTERNAL: 13,
      UNAVAILABLE: 14,
      DATA_LOSS: 15,
      UNAUTHENTICATED: 16,
    },
  },
})

export const TENSORFLOW = merge(FRAMEWORK, EXAMPLE, ERROR)
