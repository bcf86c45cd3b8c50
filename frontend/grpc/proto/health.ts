import { field, inPackage, mapEntry, message, nested, numbered, repeated } from './message.ts'

/**
 * The standard health service.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export const HEALTH = inPackage('grpc.health.v1', {
  HealthCheckRequest: message({ service: field('string', 1) }),
  HealthCheckResponse: message(
    { status: nested('ServingStatus', 1) },
    { ServingStatus: numbered('UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN') },
  ),
  HealthListRequest: message({}),
  HealthListResponse: message(
    { statuses: repeated('StatusesEntry', 1) },
    { StatusesEntry: mapEntry('string', 'HealthCheckResponse') },
  ),
  Health: {
    methods: {
      Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse' },
      List: { requestType: 'HealthListRequest', responseType: 'HealthListResponse' },
      Watch: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', responseStream: true },
    },
  },
})
