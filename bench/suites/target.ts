import type { Target } from './suite.ts'

export function target(facts: Omit<Target, 'isMet'>): Target {
  const { measured, limit, bound } = facts
  return { ...facts, isMet: bound === 'least' ? measured >= limit : measured <= limit }
}
