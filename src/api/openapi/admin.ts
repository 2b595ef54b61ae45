import { field } from '../../http/fields.js';
import {
  ABORT_FIELDS,
  DISK_FIELDS,
  FAIL_DEVICE_FIELDS,
  HANG_ACTOR_FIELDS,
  INTERNAL_STATE_FIELDS,
  LOAD_ADAPTER_FIELDS,
  SENT_ADAPTER_FIELDS,
  LOGGING_FIELDS,
  MEMORY_FIELDS,
  PAUSE_FIELDS,
  PROFILE_FIELDS,
  TENSOR_FIELDS,
  UNLOAD_ADAPTER_FIELDS,
  VERSION_FIELDS,
  WEIGHT_FIELDS,
} from '../admin/fields.js';
import {
  bodyOf,
  json,
  LIST,
  OBJECT,
  operation,
  type Operation,
  optionalBody,
} from './operation.js';

type Parts = Partial<Omit<Operation, 'tag' | 'summary'>>;
/** Text without a content type, as SGLang sends it: the document can only say that there is an answer. */
const BARE = {};
const admin = (summary: string, parts: Parts = {}): Operation =>
  operation('admin', summary, { statuses: [400, 500, 503], ...parts });
const UPDATE = admin('Load other weights while requests run.', {
  body: bodyOf(DISK_FIELDS, ['model_path'], false),
  answers: json(OBJECT),
});
const FLUSH = admin('Empty the prefix cache, when the server is idle.', {
  query: { timeout: field.number('Seconds to wait for that.', { minimum: 0 }) },
  answers: BARE,
});
const LOGGING = admin('Change what is logged.', { body: optionalBody(LOGGING_FIELDS) });
const START_PROFILE = admin('Begin a profile.', {
  body: optionalBody(PROFILE_FIELDS),
  answers: BARE,
});
const WEIGHTS = admin('Values of one tensor.', {
  body: optionalBody(WEIGHT_FIELDS),
  query: { name: field.string("A tensor's name.") },
  answers: json(LIST),
});
const MEMORY = (summary: string): Operation =>
  admin(summary, { body: optionalBody(MEMORY_FIELDS), answers: json({ type: 'null' }) });
const EXPERTS = (summary: string): Operation => admin(summary, { answers: BARE });
const KNOBS = admin('Change numbers of the scheduler while it runs.', {
  body: bodyOf(INTERNAL_STATE_FIELDS, ['server_args']),
  answers: json(LIST),
});
const MESSAGE = json(OBJECT);

/** Routes that change the server while it runs. */
export const ADMIN_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /abort_request': admin('End requests.', { body: bodyOf(ABORT_FIELDS) }),
  'POST /pause_generation': admin('Hold all requests.', {
    body: optionalBody(PAUSE_FIELDS),
    answers: MESSAGE,
  }),
  'POST /continue_generation': admin('Let them go on.', {
    body: optionalBody({}),
    answers: MESSAGE,
  }),
  'GET /flush_cache': FLUSH,
  'POST /flush_cache': FLUSH,
  'GET /configure_logging': LOGGING,
  'POST /configure_logging': LOGGING,
  'GET /start_profile': START_PROFILE,
  'POST /start_profile': START_PROFILE,
  'GET /stop_profile': admin('End it.', { answers: BARE }),
  'POST /stop_profile': admin('End it.', { answers: BARE }),
  'POST /set_internal_state': KNOBS,
  'PUT /set_internal_state': KNOBS,
  'GET /freeze_gc': admin('Without effect.', { answers: BARE }),
  'POST /freeze_gc': admin('Without effect.', { answers: BARE }),
  'POST /update_weights': UPDATE,
  'POST /update_weights_from_disk': UPDATE,
  'POST /update_weights_from_tensor': admin('Change tensors while requests run.', {
    body: bodyOf(TENSOR_FIELDS, ['serialized_named_tensors'], false),
    answers: json(OBJECT),
  }),
  'POST /update_weight_version': admin('Name the weights.', {
    body: bodyOf(VERSION_FIELDS, ['new_version'], false),
    answers: MESSAGE,
  }),
  'GET /get_weights_by_name': WEIGHTS,
  'POST /get_weights_by_name': WEIGHTS,
  'POST /load_lora_adapter': admin('Load a LoRA adapter.', {
    body: optionalBody(LOAD_ADAPTER_FIELDS),
    answers: MESSAGE,
  }),
  'POST /load_lora_adapter_from_tensors': admin('Load a LoRA adapter that is sent.', {
    body: optionalBody(SENT_ADAPTER_FIELDS),
    answers: MESSAGE,
  }),
  'POST /unload_lora_adapter': admin('Unload it, when those that use it have ended.', {
    body: optionalBody(UNLOAD_ADAPTER_FIELDS),
    answers: MESSAGE,
  }),
  'GET /release_memory_occupation': MEMORY('Give memory back.'),
  'POST /release_memory_occupation': MEMORY('Give memory back.'),
  'GET /resume_memory_occupation': MEMORY('Take it again.'),
  'POST /resume_memory_occupation': MEMORY('Take it again.'),
  'GET /start_expert_distribution_record': EXPERTS('Begin to count experts.'),
  'POST /start_expert_distribution_record': EXPERTS('Begin to count experts.'),
  'GET /stop_expert_distribution_record': EXPERTS('End it.'),
  'POST /stop_expert_distribution_record': EXPERTS('End it.'),
  'GET /dump_expert_distribution_record': EXPERTS('Write what was counted.'),
  'POST /dump_expert_distribution_record': EXPERTS('Write what was counted.'),
  'POST /debug/fail_device': admin('Break a device, for tests.', {
    body: bodyOf(FAIL_DEVICE_FIELDS),
    answers: MESSAGE,
  }),
  'POST /debug/hang_actor': admin('Hang a thread, for tests.', {
    body: bodyOf(HANG_ACTOR_FIELDS, ['actor']),
    answers: MESSAGE,
  }),
};
