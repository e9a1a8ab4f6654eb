-- POSTs with a JSON body; no phone and no cookie comes twice, so no limit has a reason to refuse.
-- Arguments after `--`: the path, and the round, which decides where in the numbers it begins.
local path
local index = 0
local prefixes = { "+8613", "+336", "+4474", "+9198" }

function init(args)
  path = args[1]
  index = tonumber(args[2]) * 20000000
  math.randomseed(index + 1)
end

function request()
  index = index + 1
  -- 10^8 numbers a prefix, each once: the factor has no divisor in common with 10^8.
  local prefix = prefixes[index % 4 + 1]
  local digits = (math.floor(index / 4) * 61803399) % 100000000
  local phone = prefix .. string.format("%08d", digits)
  if prefix == "+8613" then phone = phone .. "7" end
  local address = math.random(11, 126) .. "." .. math.random(0, 255) .. "." .. math.random(0, 255) .. "." .. math.random(1, 254)
  return wrk.format("POST", path, {
    ["Host"] = "shop.example",
    ["Content-Type"] = "application/json",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ["Accept"] = "application/json",
    ["X-Forwarded-For"] = address,
    ["Cookie"] = string.format("sid=%08x%08x", index, math.random(0, 0x7fffffff)),
  }, '{"phone":"' .. phone .. '","channel":"sms","locale":"en"}')
end

function done(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format("RESULT %d %.3f %d %d %d %d", summary.requests, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), summary.errors.status, failed))
end
