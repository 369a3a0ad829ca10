// Evaluated inside the context in which the work function runs: everything that the function can see is made
// here, of this context's own things. Texts go in and texts come out; nothing of the host is reachable.
'use strict';
(function () {
  // Taken now: the function may change what it finds later, but only for itself.
  const { parse: read, stringify: write } = JSON;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { keys, defineProperty } = Object;
  const { apply } = Reflect;
  const Text = String;
  const Resolved = Promise;
  const Failure = Error;
  const now = Date.now;
  const most = { value: 1 << 22, console: 16384, stack: 16384, message: 4096 };
  let config = { args: [], public: {} };
  let handler, why; // what is called; or why nothing can be
  let state; // of the slice at work
  let count = 0;
  const timers = new Map();

  defineProperty(Failure, 'prepareStackTrace', { value: undefined, writable: false, configurable: false });

  class Rejected {
    constructor(reason, retries) {
      this.reason = reason;
      this.retries = retries;
    }
  }
  class ModuleMissing extends Failure {}
  class Unserializable extends Failure {}

  // -- values ------------------------------------------------------------------------------------------
  function numberText(value, seen) {
    if (value === value && value !== Infinity && value !== -Infinity) return value === 0 ? '0' : `${value}`;
    if (!seen.note) seen.note = `${value}`;
    return 'null';
  }

  function joined(items, seen) {
    const texts = [];
    for (const item of items) texts.push(valueText(item, seen) ?? 'null');
    return `[${texts.join(',')}]`;
  }

  function members(entries, seen) {
    const texts = [];
    for (const [key, item] of entries) {
      const text = valueText(item, seen);
      if (text !== undefined) texts.push(`${write(`${Text(key)}`)}:${text}`);
    }
    return `{${texts.join(',')}}`;
  }

  function* own(value) {
    for (const key of keys(value)) yield [key, value[key]];
  }

  function objectText(value, seen) {
    if (typeof value.toJSON === 'function') return valueText(value.toJSON(), seen);
    if (value instanceof Number || value instanceof Text || value instanceof Boolean || value instanceof BigInt)
      return valueText(value.valueOf(), seen);
    if (seen.on.has(value)) throw new Unserializable('A value that holds itself is no JSON.');
    seen.on.add(value);
    let text;
    if (isArray(value) || value instanceof Set) text = joined(value, seen);
    else if (value instanceof Map) text = members(value, seen);
    else if (value instanceof ArrayBuffer) text = joined(new Uint8Array(value), seen);
    else if (value instanceof DataView)
      text = joined(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), seen);
    else text = isView(value) ? joined(value, seen) : members(own(value), seen);
    seen.on.delete(value);
    return text;
  }

  // Undefined for what JSON leaves out: functions, symbols, undefined.
  function valueText(value, seen) {
    if (value === null) return 'null';
    switch (typeof value) {
      case 'number': return numberText(value, seen);
      case 'string': return write(value);
      case 'boolean': return value ? 'true' : 'false';
      case 'bigint': return bigText(value);
      case 'object': return objectText(value, seen);
      default: return undefined;
    }
  }

  function bigText(value) {
    const text = `${value}`;
    if (text.length > 4300) throw new Unserializable('An integer has 4300 digits at most.');
    return text;
  }

  // -- what becomes of a slice -------------------------------------------------------------------------
  function done(value) {
    const seen = { note: '', on: new Set() };
    try {
      if (typeof value === 'function' || typeof value === 'symbol')
        throw new Unserializable(`A ${typeof value} is no JSON.`);
      const text = valueText(value, seen) ?? 'null';
      if (text.length > most.value) throw new Unserializable(`A value has ${most.value} characters at most.`);
      return finished(`"v":${text}${seen.note ? `,"o":${write(seen.note)}` : ''}`);
    } catch (error) {
      if (error instanceof Unserializable) return failed(error);
      if (error instanceof RangeError) return failed(new Unserializable('The value is nested too deep.'));
      return failed(error);
    }
  }

  function failed(error) {
    state.again = error instanceof Rejected ? error.retries : 0;
    return finished(`"e":${write(described(error))}`);
  }

  function finished(text) {
    state.over = true;
    return `{${text}}`;
  }

  // The function's own lines of a stack; where we are is nobody's business.
  function ownStack(stack) {
    const kept = [];
    for (const line of `${stack}`.split('\n')) {
      if (!/^\s+at /.test(line) || /(^|[\s(])work\.js:\d/.test(line)) kept.push(line);
    }
    return kept.join('\n').slice(0, most.stack);
  }

  function described(error) {
    try {
      if (error instanceof Rejected)
        return { code: 'EWORKREJECT', name: 'Rejected', message: cut(error.reason), stack: '' };
      let code = 'EUNCAUGHT';
      if (error instanceof Unserializable) code = 'EUNSERIALIZABLE';
      if (error instanceof ModuleMissing) code = 'ENOMODULE';
      if (error === null || typeof error !== 'object') return { code, name: '', message: cut(error), stack: '' };
      const name = typeof error.name === 'string' ? error.name.slice(0, 256) : '';
      const shown = code === 'EUNSERIALIZABLE' ? 'TypeError' : code === 'ENOMODULE' ? 'Error' : name;
      return { code, name: shown, message: cut(error.message), stack: ownStack(error.stack ?? '') };
    } catch {
      return { code: 'EUNCAUGHT', name: '', message: 'It threw what cannot be described.', stack: '' };
    }
  }

  function cut(value) {
    return (value === undefined ? '' : `${Text(value)}`).slice(0, most.message);
  }

  // -- what the function sees --------------------------------------------------------------------------
  function say(level, words) {
    if (!state || state.over || state.said >= most.console) return;
    const text = words.map(shownText).join(' ').slice(0, most.console - state.said);
    state.said += text.length + 1;
    state.lines.push(write([level, text, now() / 1000]));
  }

  function shownText(value) {
    try {
      if (typeof value === 'string') return value;
      if (value instanceof Failure) return ownStack(value.stack);
      if (typeof value === 'object' && value !== null) return valueText(value, { note: '', on: new Set() });
      return Text(value);
    } catch {
      return '[what cannot be shown]';
    }
  }

  function later(every) {
    return function (action, delay, ...args) {
      if (typeof action !== 'function') throw new TypeError('A function is wanted.');
      const milliseconds = Math.max(1, Number(delay) || 0);
      count += 1;
      timers.set(count, { at: now() + milliseconds, every: every ? milliseconds : 0, action, args });
      return count;
    };
  }

  function clear(number) {
    timers.delete(number);
  }

  function shown(name, value) {
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }

  const words = {};
  for (const level of ['log', 'info', 'warn', 'error', 'debug']) words[level] = (...said) => say(level, said);
  words.trace = words.debug;
  shown('console', words);
  shown('setTimeout', later(false));
  shown('setInterval', later(true));
  shown('clearTimeout', clear);
  shown('clearInterval', clear);
  shown('progress', () => true);
  const loaded = new Map();
  shown('require', function require(name) {
    const known = `${Text(name)}`;
    const make = loaded.get(known);
    if (!make) throw new ModuleMissing(`There is no package ${known.slice(0, 200)}.`);
    if (!make.module) {
      make.module = { exports: {} };
      apply(make.body, undefined, [make.module, make.module.exports, require]);
    }
    return make.module.exports;
  });

  // -- what the host calls, with texts and numbers alone -----------------------------------------------
  return {
    begin(text) {
      config = read(text);
      most.value = config.value_bytes ?? most.value;
      most.console = config.console_bytes ?? most.console;
      const told = config.public;
      shown('work', {
        job: { public: told },
        emit: (name, ...said) => say('log', [Text(name), ...said]),
        reject: (reason, retries) => {
          throw new Rejected(reason ?? 'rejected', Math.max(0, Math.min(16, Number(retries) | 0)));
        },
      });
    },
    package(name, body) {
      loaded.set(name, { body, module: undefined });
    },
    handler(value) {
      if (typeof value === 'function') handler = value;
      else why = { code: 'ENOSLICEHANDLER', name: 'TypeError', message: 'The work is no function.', stack: '' };
    },
    // It threw when it was evaluated.
    broken(error) {
      state = { lines: [], said: 0 };
      why = described(error);
    },
    unreadable(name, message) {
      why = { code: 'EUNCAUGHT', name, message: message.slice(0, most.message), stack: '' };
    },
    // The slice's result as text, or undefined: it comes later.
    run(line) {
      state = { lines: [], said: 0, over: false, result: undefined, again: 0 };
      timers.clear();
      if (!handler) return finished(`"e":${write(why)}`);
      const mine = state;
      try {
        const given = apply(handler, undefined, [read(line)[1], ...read(config.args)]);
        if (given === null || typeof given !== 'object' || typeof given.then !== 'function') return done(given);
        const settle = (end) => (value) => {
          if (mine === state && !mine.over) mine.result = end(value);
        };
        new Resolved((resolve) => resolve(given)).then(settle(done), settle(failed));
        return undefined;
      } catch (error) {
        return failed(error);
      }
    },
    result() {
      return state.result;
    },
    again() {
      return state.again;
    },
    // What was said since, a line of JSON for each.
    said() {
      const text = state.lines.join('\n');
      state.lines = [];
      return text;
    },
    // Milliseconds until the next timer; -1: none.
    due() {
      let first = -1;
      for (const { at } of timers.values()) if (first < 0 || at < first) first = at;
      return first < 0 ? -1 : Math.max(0, first - now());
    },
    fire() {
      const at = now();
      for (const [number, timer] of [...timers]) {
        if (timer.at > at || !timers.has(number)) continue;
        if (timer.every) timer.at = at + timer.every;
        else timers.delete(number);
        try {
          apply(timer.action, undefined, timer.args);
        } catch (error) {
          if (!state.over) state.result = failed(error);
        }
      }
    },
  };
})();
