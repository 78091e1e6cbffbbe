-- Add entries that come with an event, except those whose event has been accepted before; answers how many those were.
--   KEYS  1..3 streams (urgent, normal, bulk), then the key of each entry's event
--   ARGV  1 seconds for which an event is known, then for each entry: its stream (1..3) and the ten columns of batch_queue
local repeats = 0
for entry = 1, #KEYS - 3 do
  local at = 2 + (entry - 1) * 11
  local id = ARGV[at + 1]
  local first = redis.call('GET', KEYS[3 + entry])
  if not first then
    redis.call('XADD', KEYS[tonumber(ARGV[at])], '*',
      'id', id, 'tracking_data', ARGV[at + 2], 'priority', ARGV[at + 3], 'retry_count', ARGV[at + 4],
      'max_retries', ARGV[at + 5], 'status', ARGV[at + 6], 'processed_at', ARGV[at + 7],
      'error_message', ARGV[at + 8], 'created_at', ARGV[at + 9], 'updated_at', ARGV[at + 10])
    redis.call('SET', KEYS[3 + entry], id, 'EX', ARGV[1])
  elseif first ~= id then
    -- With its own id it has been added before, and the answer was lost.
    repeats = repeats + 1
  end
end
return repeats
