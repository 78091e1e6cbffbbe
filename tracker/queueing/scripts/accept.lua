-- Accept entries for one application in one round trip: all or none of them reach the streams.
--   KEYS  1 usage of the minute, 2..4 streams (urgent, normal, bulk), 5 nudge, 6 bytes of the day, 7 counts of what was
--         left out, 8 the application's own stream, 9 the set of such streams, 10 what it has in the shared ones,
--         then one event key an entry ('tracker:event:' for none) or
--         nothing
--   ARGV  1 rate limit (-1 for none), 2 queue limit, 3 number of entries, 4 hits a minute without a key (-1: with one),
--         5 bytes a day (-1 for no budget), 6 field of the counts up to its reason, 7 bucket and 8 hits a minute of the
--         address, 9 and 10 of its wider network ('' where there is none), 11 entries in the streams of other
--         applications, 12 queue limit for those that have a crowd waiting, 13 share of the shared streams,
--         then for each entry: its stream (1..3) and the ten columns of batch_queue
-- Answers {taken, remaining, nudge due (1 or 0), what was used up (0 for nothing, else its place in LIMITS of quota.py),
-- index, tracking id, ...} with a pair for each entry that repeats an event, or {-1} when too much is waiting, {-2} when too
-- much of this application is. Nothing is written before the checks, so a full queue or memory leaves no trace.
local limit, offered, stream_share = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[13])
local FIRST_ENTRY, FIELDS = 14, 11
local REASONS = {'rate_limit', 'rate_limit', 'address_limit', 'byte_budget'}

local own = redis.call('XLEN', KEYS[8])
local waiting = redis.call('XLEN', KEYS[2]) + redis.call('XLEN', KEYS[3]) + redis.call('XLEN', KEYS[4])
  + own + tonumber(ARGV[11])
if waiting >= tonumber(ARGV[2]) then
  return {-1}
end
if own > 0 and waiting >= tonumber(ARGV[12]) then
  return {-2}
end

local taken, remaining, used_up = offered, 0, 0
if limit >= 0 then
  local open_limit, budget = tonumber(ARGV[4]), tonumber(ARGV[5])
  local is_open = open_limit >= 0
  -- Only what is there is asked for: what is not costs a look at all of a small hash.
  local usage
  if ARGV[9] ~= '' then
    usage = redis.call('HMGET', KEYS[1], 'all', 'open', 'bytes', 'kept', ARGV[7], ARGV[9])
  elseif ARGV[7] ~= '' then
    usage = redis.call('HMGET', KEYS[1], 'all', 'open', 'bytes', 'kept', ARGV[7])
  else
    usage = redis.call('HMGET', KEYS[1], 'all', 'open', 'bytes', 'kept')
  end
  local all, open = tonumber(usage[1] or 0), tonumber(usage[2] or 0)
  local narrow, wide = tonumber(usage[5] or 0), tonumber(usage[6] or 0)
  local narrow_limit, wide_limit = tonumber(ARGV[8]), tonumber(ARGV[10])
  local is_narrow, is_wide = is_open and ARGV[7] ~= '', is_open and ARGV[9] ~= ''
  local is_first = not usage[1]
  -- The day's bytes stand in the minute's usage as well: the day itself is asked once a minute.
  local bytes, kept = 0, 0
  if budget >= 0 then
    bytes, kept = tonumber(usage[3] or 0), tonumber(usage[4] or 0)
    if not usage[3] then
      bytes = tonumber(redis.call('GET', KEYS[6]) or 0)
      kept = bytes
    end
  end

  taken = 0
  while taken < offered do
    if all >= limit then
      used_up = 1
    elseif is_open and open >= open_limit then
      used_up = 2
    elseif (is_narrow and narrow >= narrow_limit) or (is_wide and wide >= wide_limit) then
      used_up = 3
    elseif budget >= 0 and bytes >= budget then
      used_up = 4
    end
    if used_up > 0 then
      break
    end
    local size = #ARGV[FIRST_ENTRY + taken * FIELDS + 2]
    local pieces = math.max(1, math.ceil(size / 4096))
    taken, all, bytes = taken + 1, all + 1, bytes + size
    open, narrow, wide = open + 1, narrow + pieces, wide + pieces
  end

  if taken > 0 then
    if budget >= 0 and (bytes - kept >= math.min(65536, budget / 20000) or is_first) then
      -- What a minute does not bring to the day is less than these bytes.
      redis.call('INCRBY', KEYS[6], bytes - kept)
      if kept == 0 then
        redis.call('EXPIRE', KEYS[6], 172800)
      end
      kept = bytes
    end
    if is_wide then
      redis.call('HSET', KEYS[1], 'all', all, 'bytes', bytes, 'kept', kept, 'open', open, ARGV[7], narrow, ARGV[9], wide)
    elseif is_narrow then
      redis.call('HSET', KEYS[1], 'all', all, 'bytes', bytes, 'kept', kept, 'open', open, ARGV[7], narrow)
    elseif is_open then
      redis.call('HSET', KEYS[1], 'all', all, 'bytes', bytes, 'kept', kept, 'open', open)
    else
      redis.call('HSET', KEYS[1], 'all', all, 'bytes', bytes, 'kept', kept)
    end
    if is_first then
      -- Two minutes outlast the window whatever the clocks of the receivers say.
      redis.call('EXPIRE', KEYS[1], 120)
    end
  end

  remaining = limit - all
  if is_open then
    remaining = math.min(remaining, open_limit - open)
    if is_narrow then
      remaining = math.min(remaining, narrow_limit - narrow)
    end
    if is_wide then
      remaining = math.min(remaining, wide_limit - wide)
    end
  end
  if used_up == 4 then
    remaining = 0
  end
  if used_up > 0 then
    redis.call('HINCRBY', KEYS[7], ARGV[6] .. REASONS[used_up], offered - taken)
  end
end

-- What the application has added to the shared streams is counted in rounds. A round has a first entry; as long as
-- that one waits, no more than a share goes there. Nobody has to count down, so nothing can go wrong with the count:
-- an entry that is settled, withdrawn or wiped is gone.
local crowd = own > 0
local round = {0, false, false}
if not crowd then
  round = redis.call('HMGET', KEYS[10], 'used', 'stream', 'first')
end
local in_round, round_stream, round_first = tonumber(round[1]) or 0, round[2], round[3]
local begun, overflowed = false, false

local answer = {taken, math.max(0, remaining), 0, used_up}
local added = false
for entry = 1, taken do
  local at = FIRST_ENTRY + (entry - 1) * FIELDS
  local id = ARGV[at + 1]
  local event = KEYS[10 + entry]
  local first = false
  if event and event ~= 'tracker:event:' then
    first = redis.call('GET', event)
  end
  if first then
    -- The same id means that this very offer came before and its answer was lost: it is no repeat, and it is done.
    if first ~= id then
      answer[#answer + 1] = entry - 1
      answer[#answer + 1] = first
    end
  else
    if not crowd then
      -- A long hit counts as several: 4 KiB each.
      local weight = 1 + math.floor(#ARGV[at + 2] / 4096)
      in_round = in_round + weight
      if in_round > stream_share and round_first then
        if #redis.call('XRANGE', KEYS[1 + tonumber(round_stream)], round_first, round_first) > 0 then
          crowd = true
        else
          in_round, round_first = weight, false
        end
      end
    end
    local stream = crowd and KEYS[8] or KEYS[1 + tonumber(ARGV[at])]
    local place = redis.call('XADD', stream, '*',
      'id', id, 'tracking_data', ARGV[at + 2], 'priority', ARGV[at + 3], 'retry_count', ARGV[at + 4],
      'max_retries', ARGV[at + 5], 'status', ARGV[at + 6], 'processed_at', ARGV[at + 7],
      'error_message', ARGV[at + 8], 'created_at', ARGV[at + 9], 'updated_at', ARGV[at + 10])
    if crowd then
      overflowed = true
    elseif not round_first then
      round_stream, round_first, begun = ARGV[at], place, true
    end
    if event and event ~= 'tracker:event:' then
      redis.call('SET', event, id, 'EX', 86400)
    end
    added = true
  end
end

if begun then
  redis.call('HSET', KEYS[10], 'used', in_round, 'stream', round_stream, 'first', round_first)
  redis.call('EXPIRE', KEYS[10], 86400)
elseif added and own == 0 then
  redis.call('HSET', KEYS[10], 'used', in_round)
end
if overflowed then
  redis.call('ZADD', KEYS[9], 'NX', 0, KEYS[8])
end
if added and redis.call('SET', KEYS[5], '1', 'NX', 'PX', 2000) then
  answer[3] = 1
end
return answer
