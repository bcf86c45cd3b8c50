import assert from 'node:assert/strict'
import { parseModelConfig } from '../../../archiver-cli/format/model-config.ts'

const schedulingFrom = (yaml: string) => parseModelConfig(`scheduling: ${yaml}`).config.scheduling

describe('scheduling', () => {
  it('says in which order requests wait, and for how long', () => {
    const yaml = `
  preferredBatchRows: [2, 6]
  preserveOrdering: true
  priorityLevels: 3
  defaultPriorityLevel: 2
  queuePolicy: { timeoutMs: 0.5, timeoutAction: delay, allowTimeoutOverride: true, maxQueuedRequests: 10 }
  priorityPolicies:
    1: { timeoutMs: 10 }`
    assert.deepEqual(schedulingFrom(yaml), {
      preferredBatchRows: [2, 6],
      preserveOrdering: true,
      priorityLevels: 3,
      defaultPriorityLevel: 2,
      queuePolicy: {
        timeoutMs: 0.5,
        timeoutAction: 'delay',
        allowTimeoutOverride: true,
        maxQueuedRequests: 10,
      },
      priorityPolicies: { 1: { timeoutMs: 10 } },
    })
  })

  const REFUSED = [
    { yaml: '{ preferredBatchRows: [6, 2] }', message: /scheduling.preferredBatchRows': expected ascending/ },
    { yaml: '{ preferredBatchRows: [2, 2] }', message: /scheduling.preferredBatchRows': expected ascending/ },
    {
      yaml: '{ priorityLevels: 2, defaultPriorityLevel: 3 }',
      message: /scheduling.defaultPriorityLevel': is 3, above priorityLevels 2/,
    },
    {
      yaml: '{ defaultPriorityLevel: 1 }',
      message: /scheduling.defaultPriorityLevel': is 1, above priorityLevels 0/,
    },
    {
      yaml: '{ priorityLevels: 2, priorityPolicies: { 3: {} } }',
      message: /scheduling.priorityPolicies': has level 3, above priorityLevels 2/,
    },
    {
      yaml: '{ priorityLevels: 2, priorityPolicies: { first: {} } }',
      message: /scheduling.priorityPolicies/,
    },
    { yaml: '{ queuePolicy: { timeoutAction: drop } }', message: /scheduling.queuePolicy.timeoutAction/ },
    { yaml: '{ queuePolicy: { timeoutMs: 0 } }', message: /scheduling.queuePolicy.timeoutMs/ },
  ]
  for (const { yaml, message } of REFUSED) {
    it(`refuses ${yaml}`, () => {
      assert.throws(() => schedulingFrom(yaml), { code: 'invalid_argument', message })
    })
  }
})
