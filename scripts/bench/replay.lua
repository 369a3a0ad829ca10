-- Replays prepared requests: thread i sends the lines of <prefix>.<i>, one after the other, once.
-- A line is: METHOD <tab> path <tab> content type or "-" <tab> Authorization or "-" <tab> body (or "@file" for
-- binary bodies).
-- A signed request is good once only, so a thread that runs out stops.
local counter = 0

function setup(thread)
  thread:set("number", counter)
  counter = counter + 1
end

function init(args)
  requests, position, failures = {}, 0, {}
  bad = 0
  local loop = args[2] == "loop"
  repeat_all = loop
  for line in io.lines(args[1] .. "." .. number) do
    local method, path, kind, authorization, body = line:match("^(%S+)\t(%S+)\t(%S+)\t([^\t]+)\t(.*)$")
    local headers = {}
    if kind ~= "-" then headers["Content-Type"] = kind end
    if authorization ~= "-" then headers["Authorization"] = authorization end
    if body:sub(1, 1) == "@" then
      local file = io.open(body:sub(2), "rb")
      body = file:read("*a")
      file:close()
    end
    if body == "" then body = nil end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  position = position + 1
  if position > #requests then
    if repeat_all then
      position = 1
    else
      wrk.thread:stop()
      return wrk.format("GET", "/health/live")
    end
  end
  return requests[position]
end

function response(status, headers, body)
  if status >= 400 and bad < 1 then
    bad = bad + 1
    io.stderr:write("HTTP " .. status .. ": " .. body:sub(1, 300) .. "\n")
  end
end

function done(summary, latency, all)
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "errors": %d, "p50_ms": %.2f, "p99_ms": %.2f}\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
