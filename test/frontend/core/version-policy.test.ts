import assert from 'node:assert/strict'
import {
  availabilityPreserving,
  POLICIES,
  resourcePreserving,
  type VersionPolicy,
  type VersionSnapshot,
} from '../../../frontend/core/version-policy.ts'
import type { VersionState } from '../../../frontend/core/version-state.ts'

/** `+2 ready` is version 2, aspired; `-1 failed` is version 1, not aspired. */
function snapshot(text: string): VersionSnapshot {
  const [name = '', state] = text.split(' ')
  return {
    id: name,
    version: name.slice(1),
    isAspired: name.startsWith('+'),
    state: state as VersionState, // the tables below hold no other words
  }
}

/** What a policy proposes, `load 2` or `unload 1`; `nothing` otherwise. */
function proposed(policy: VersionPolicy, versions: readonly string[]): string {
  const action = policy(versions.map(snapshot))
  return action === undefined ? 'nothing' : `${action.kind} ${action.snapshot.version}`
}

type Case = readonly [it: string, versions: readonly string[], action: string]

const BOTH: readonly Case[] = [
  ['has nothing to do without versions', [], 'nothing'],
  ['leaves what is as it should be', ['+1 ready', '+2 ready'], 'nothing'],
  ['loads what is new', ['+1 new'], 'load 1'],
  ['loads the highest first', ['+9 new', '+10 new', '+2 new'], 'load 10'],
  ['orders versions as numbers', ['+1.9 new', '+1.10 new'], 'load 1.10'],
  ['loads no version twice', ['+1 loading'], 'nothing'],
  ['lets a failed version be', ['+1 failed'], 'nothing'],
  ['unloads everything when nothing is aspired, the lowest first', ['-2 ready', '-1 ready'], 'unload 1'],
  ['unloads the only version when it is not aspired', ['-1 ready'], 'unload 1'],
  ['does not unload what leaves already', ['-1 draining', '-2 unloading', '-3 unloaded'], 'nothing'],
  ['unloads a failed version that nobody wants', ['-1 failed', '+2 ready'], 'unload 1'],
]

const AVAILABILITY: readonly Case[] = [
  ['keeps the old version while its replacement is new', ['-1 ready', '+2 new'], 'load 2'],
  ['keeps the old version while its replacement is loading', ['-1 ready', '+2 loading'], 'nothing'],
  ['keeps the old version when its replacement has failed', ['-1 ready', '+2 failed'], 'nothing'],
  ['unloads the old version once its replacement is ready', ['-1 ready', '+2 ready'], 'unload 1'],
  ['unloads before it loads more', ['-1 ready', '+2 ready', '+3 new'], 'unload 1'],
  ['keeps one of several old versions, the highest', ['-1 ready', '-2 ready', '+3 loading'], 'unload 1'],
  ['loads beside a version that leaves', ['-1 draining', '+2 new'], 'load 2'],
  ['gives up a start that nobody wants any more', ['-2 loading', '+1 new'], 'unload 2'],
  ['loads an older version before it unloads the newer', ['-2 ready', '+1 new'], 'load 1'],
]

const RESOURCES: readonly Case[] = [
  ['unloads the old version before it loads the new', ['-1 ready', '+2 new'], 'unload 1'],
  ['waits until the old version has drained', ['-1 draining', '+2 new'], 'nothing'],
  ['waits until the old version has unloaded', ['-1 unloading', '+2 new'], 'nothing'],
  ['loads when the old version is gone', ['-1 unloaded', '+2 new'], 'load 2'],
  ['unloads all that is not aspired, the lowest first', ['-3 ready', '-1 ready', '+4 new'], 'unload 1'],
  ['unloads beside a version that leaves', ['-1 draining', '-2 ready', '+3 new'], 'unload 2'],
]

const TABLES: readonly (readonly [name: string, policy: VersionPolicy, cases: readonly Case[]])[] = [
  ['availabilityPreserving', availabilityPreserving, [...BOTH, ...AVAILABILITY]],
  ['resourcePreserving', resourcePreserving, [...BOTH, ...RESOURCES]],
]
for (const [name, policy, cases] of TABLES) {
  describe(name, () => {
    for (const [claim, versions, action] of cases) {
      it(claim, () => assert.equal(proposed(policy, versions), action))
    }
  })
}

describe('version policies', () => {
  const NEXT: Readonly<Record<string, VersionState>> = { load: 'ready', unload: 'unloaded' }

  /** Does what a policy says until it says nothing; how many answered after each step. */
  function answering(policy: VersionPolicy, versions: readonly string[]): number[] {
    let snapshots = versions.map(snapshot)
    const counts: number[] = []
    for (let action = policy(snapshots); action !== undefined; action = policy(snapshots)) {
      const { kind, snapshot: chosen } = action
      snapshots = snapshots.map((each) =>
        each.id === chosen.id ? { ...each, state: NEXT[kind] ?? 'failed' } : each,
      )
      counts.push(snapshots.filter(({ state }) => state === 'ready').length)
    }
    return counts
  }

  it('change versions with always one that answers, or never two in memory', () => {
    const change = ['-1 ready', '+2 new']
    assert.deepEqual(answering(POLICIES.availability, change), [2, 1])
    assert.deepEqual(answering(POLICIES.resources, change), [0, 1])
  })
})
