import type { Case } from './predict-cases.ts'

export const OTHER_CASES: readonly Case[] = [
  {
    it: 'classifies',
    path: 'half:classify',
    body: '{"signature_name":"classify_x_to_y","examples":[{"x":1.0},{"x":[2]}]}',
    text: '{"results":[[["",2.5]],[["",3.0]]]}',
  },
  {
    it: 'regresses, with a context',
    path: 'half/labels/stable:regress',
    body: '{"signature_name":"regress_x_to_y","context":{"x":5},"examples":[{"x":1.0},{}]}',
    text: '{"results":[2.5,4.5]}',
  },
  {
    it: 'regresses by a signature for it only',
    path: 'half:regress',
    body: '{"examples":[{"x":1.0}]}',
    status: 400,
    text: /the signature \\"serving_default\\" is for predict/,
  },
  {
    it: 'lists the models',
    path: '',
    text: '{"models":["echo","half","longs","named","pair","texts","total"]}',
  },
  {
    it: 'tells the status to both kinds of clients',
    path: 'half',
    text: '{"name":"half","ready":true,"model_version_status":[{"version":"124","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}},{"version":"123","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]}',
  },
  {
    it: 'tells the status of a version',
    path: 'half/versions/123',
    text: /^\{"name":"half","ready":true,"model_version_status":\[\{"version":"123"[^[]*\]\}$/,
  },
  { it: 'tells an integer where the version has none', path: 'named', text: /"version":"2",/ },
  {
    it: 'has no status of what is not there',
    path: 'none',
    status: 404,
    text: /Could not find any versions of model none/,
  },
  {
    it: 'has no status of such a version',
    path: 'half/versions/9',
    status: 404,
    text: /Could not find version 9 of model half/,
  },
  {
    it: 'tells the signatures',
    path: 'half/versions/123/metadata',
    text: /"classify_x_to_y":\{"inputs":\{"x":\{"dtype":"DT_FLOAT"/,
  },
  {
    it: 'leaves a body to its handler',
    path: 'echo:predict',
    body: '{"instances":[1],"more":true}',
    text: '{"predictions":[{"instances":[1],"more":true}]}',
  },
  {
    it: 'has a handler explain',
    path: 'echo:explain',
    body: '{"instances":[1]}',
    text: '{"explanations":["because"]}',
  },
  {
    it: 'answers an event with an event',
    path: 'half:predict',
    body: '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"instances":[1]}}',
    headers: { 'content-type': 'application/cloudevents+json' },
    text: /"type":"io\.kserve\.inference\.response",.*"data":\{"predictions":\[2\.5\]\}\}$/,
    answer: { 'content-type': 'application/cloudevents+json' },
  },
  {
    it: 'answers an event to a handler with an event',
    path: 'echo:predict',
    body: '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"instances":[1]}}',
    headers: { 'content-type': 'application/cloudevents+json' },
    text: /"source":"io\.kserve\.inference\.echo",.*"data":\{"predictions":\[\{"instances":\[1\]\}\]\}\}$/,
  },
]
