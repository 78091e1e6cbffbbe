-- Add entries that come with an event, except those whose event has been accepted before; answers how many those were.
--   KEYS  1 the set of applications' own streams, then the stream of each entry, then the key of each entry's event
--   ARGV  1 seconds for which an event is known, then for each entry: 1 where its stream is an application's own, or 0,
--         and the ten columns of batch_queue
local entries = (#KEYS - 1) / 2
local repeats = 0
for entry = 1, entries do
  local at = 2 + (entry - 1) * 11
  local id = ARGV[at + 1]
  local stream, event = KEYS[1 + entry], KEYS[1 + entries + entry]
  local first = redis.call('GET', event)
  if not first then
    redis.call('XADD', stream, '*',
      'id', id, 'tracking_data', ARGV[at + 2], 'priority', ARGV[at + 3], 'retry_count', ARGV[at + 4],
      'max_retries', ARGV[at + 5], 'status', ARGV[at + 6], 'processed_at', ARGV[at + 7],
      'error_message', ARGV[at + 8], 'created_at', ARGV[at + 9], 'updated_at', ARGV[at + 10])
    if ARGV[at] == '1' then
      redis.call('ZADD', KEYS[1], 'NX', 0, stream)
    end
    redis.call('SET', event, id, 'EX', ARGV[1])
  elseif first ~= id then
    -- With its own id it has been added before, and the answer was lost.
    repeats = repeats + 1
  end
end
return repeats
