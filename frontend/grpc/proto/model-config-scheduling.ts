import { choosing, field, mapEntry, message, nested, numbered, repeated, type Message } from './message.ts'

/* How Triton's description of a model says which requests run together, and when. */

const BATCHING: Readonly<Record<string, Message>> = {
  ModelQueuePolicy: message(
    {
      timeout_action: nested('TimeoutAction', 1),
      default_timeout_microseconds: field('uint64', 2),
      allow_timeout_override: field('bool', 3),
      max_queue_size: field('uint32', 4),
    },
    { TimeoutAction: numbered('REJECT', 'DELAY') },
  ),
  ModelDynamicBatching: message(
    {
      preferred_batch_size: repeated('int32', 1),
      max_queue_delay_microseconds: field('uint64', 2),
      preserve_ordering: field('bool', 3),
      priority_levels: field('uint64', 4),
      default_priority_level: field('uint64', 5),
      default_queue_policy: nested('ModelQueuePolicy', 6),
      priority_queue_policy: repeated('PriorityQueuePolicyEntry', 7),
    },
    { PriorityQueuePolicyEntry: mapEntry('uint64', 'ModelQueuePolicy') },
  ),
  ModelEnsembling: message(
    { step: repeated('Step', 1) },
    {
      Step: message(
        {
          model_name: field('string', 1),
          model_version: field('int64', 2),
          input_map: repeated('InputMapEntry', 3),
          output_map: repeated('OutputMapEntry', 4),
          model_namespace: field('string', 5),
        },
        { InputMapEntry: mapEntry('string', 'string'), OutputMapEntry: mapEntry('string', 'string') },
      ),
    },
  ),
}

const ModelSequenceBatching = choosing(
  { strategy_choice: ['direct', 'oldest'] },
  message(
    {
      max_sequence_idle_microseconds: field('uint64', 1),
      control_input: repeated('ControlInput', 2),
      direct: nested('StrategyDirect', 3),
      oldest: nested('StrategyOldest', 4),
      state: repeated('State', 5),
      iterative_sequence: field('bool', 6),
    },
    {
      Control: message(
        {
          kind: nested('Kind', 1),
          int32_false_true: repeated('int32', 2),
          fp32_false_true: repeated('float', 3),
          data_type: nested('DataType', 4),
          bool_false_true: repeated('bool', 5),
        },
        {
          Kind: numbered(
            'CONTROL_SEQUENCE_START',
            'CONTROL_SEQUENCE_READY',
            'CONTROL_SEQUENCE_END',
            'CONTROL_SEQUENCE_CORRID',
          ),
        },
      ),
      ControlInput: message({ name: field('string', 1), control: repeated('Control', 2) }),
      InitialState: choosing(
        { state_data: ['zero_data', 'data_file'] },
        message({
          data_type: nested('DataType', 1),
          dims: repeated('int64', 2),
          zero_data: field('bool', 3),
          data_file: field('string', 4),
          name: field('string', 5),
        }),
      ),
      State: message({
        input_name: field('string', 1),
        output_name: field('string', 2),
        data_type: nested('DataType', 3),
        dims: repeated('int64', 4),
        initial_state: repeated('InitialState', 5),
        use_same_buffer_for_input_output: field('bool', 6),
        use_growable_memory: field('bool', 7),
      }),
      StrategyDirect: message({
        max_queue_delay_microseconds: field('uint64', 1),
        minimum_slot_utilization: field('float', 2),
      }),
      StrategyOldest: message({
        max_candidate_sequences: field('int32', 1),
        preferred_batch_size: repeated('int32', 2),
        max_queue_delay_microseconds: field('uint64', 3),
        preserve_ordering: field('bool', 4),
      }),
    },
  ),
)

export const SCHEDULING = { ...BATCHING, ModelSequenceBatching }
