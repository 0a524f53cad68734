import { Deadline, TimerWheel } from '../../proxy/resilience/timer-wheel.ts';
import { report } from '../measure.ts';

const wheel = new TimerWheel();
const deadlines = Array.from({ length: 1024 }, () => new Deadline(() => {}));

report('wheel: arm and cancel', (count) => {
  for (let i = 0; i < count; i++) {
    const deadline = deadlines[i & 1023] as Deadline; // masked into range
    wheel.arm(deadline, 15_000);
    wheel.cancel(deadline);
  }
});
for (const deadline of deadlines) wheel.arm(deadline, 15_000);
report('wheel: push back an armed deadline', (count) => {
  for (let i = 0; i < count; i++) wheel.arm(deadlines[i & 1023] as Deadline, 15_000);
});
report('for comparison: setTimeout and clearTimeout', (count) => {
  for (let i = 0; i < count; i++) clearTimeout(setTimeout(() => {}, 15_000));
});
report('for comparison: performance.now', (count) => {
  for (let i = 0; i < count; i++) performance.now();
});
