// The process that runs slices: started, told what to do, looked at, ended.
'use strict';
const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');

const TICKS = 100; // of processor time, in a second, as /proc counts
const PAGE = 4096;
const LAST_WORDS = 1 << 16;

// Walls behind the context's own: no files, no processes, and no code from texts in the host's realm.
function flags(folder, job) {
  const known = process.allowedNodeEnvironmentFlags;
  const permission = known.has('--permission') ? '--permission' : '--experimental-permission';
  return [
    permission, `--allow-fs-read=${folder}/*`, '--frozen-intrinsics', '--disallow-code-generation-from-strings',
    '--unhandled-rejections=none', '--no-warnings', `--max-old-space-size=${job.memory_bytes >> 20}`,
  ];
}

class Child {
  // `heard` is called with each line it says, `ended` once, with whether it ran out of memory.
  constructor(folder, job, heard, ended) {
    const words = [...flags(folder, job), path.join(folder, 'executor.js'), folder];
    this.process = spawn(process.execPath, words, { stdio: 'pipe', env: { PATH: process.env.PATH } });
    this.served = 0; // slices
    this.last = '';
    this.is_over = false;
    let rest = '';
    this.process.stdout.setEncoding('utf8');
    this.process.stdout.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      if (!this.is_over) for (const line of lines) heard(line);
    });
    this.process.stderr.setEncoding('utf8');
    this.process.stderr.on('data', (text) => { this.last = (this.last + text).slice(-LAST_WORDS); });
    this.process.stdin.on('error', () => {});
    this.process.on('error', () => this.leave(ended));
    this.process.on('close', () => this.leave(ended));
  }

  leave(ended) {
    if (this.is_over) return;
    this.is_over = true;
    ended(/heap out of memory|Array buffer allocation failed/.test(this.last));
  }

  send(text) {
    this.process.stdin.write(text);
  }

  kill() {
    this.is_over = true;
    this.process.kill('SIGKILL');
  }

  // Resident bytes and processor seconds so far.
  look() {
    try {
      const pages = fs.readFileSync(`/proc/${this.process.pid}/statm`, 'latin1').split(' ')[1];
      const stat = fs.readFileSync(`/proc/${this.process.pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { bytes: pages * PAGE, cpu: (Number(fields[11]) + Number(fields[12])) / TICKS };
    } catch {
      return { bytes: 0, cpu: 0 };
    }
  }
}

module.exports = { Child };
