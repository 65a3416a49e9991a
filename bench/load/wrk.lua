-- Sends the requests of a file one after the other (request-file.ts); begins again at its end and counts how often.
local file, peeked
sent = 0
rounds = 0
local calls = 0

function init(args)
  file = assert(io.open(args[1], "rb"))
end

local function following()
  local length = file:read(8)
  if length == nil then
    rounds = rounds + 1
    file:seek("set", 0)
    length = file:read(8)
  end
  return file:read(tonumber(length))
end

function request()
  calls = calls + 1
  -- wrk asks once before the start to look at what it gets; that one is not sent.
  if calls == 1 then
    peeked = following()
    return peeked
  end
  sent = sent + 1
  if calls == 2 then return peeked end
  return following()
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency, requests)
  local first = threads[1]
  io.write(string.format(
    '\n{"answered":%d,"refused":%d,"broken":%d,"sent":%d,"rounds":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"max":%.3f}\n',
    summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    first:get("sent"), first:get("rounds"), summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
