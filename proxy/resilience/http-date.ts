/**
 * Milliseconds since 1970 of a date in one of the three forms of HTTP; NaN for any other text. `nowMs` places years of two
 * digits: one that would be more than 50 years away is of the century before.
 *
 * Source: RFC 9110 section 5.6.7.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  const match = imfDate.exec(text) ?? rfc850Date.exec(text) ?? asctimeDate.exec(text);
  if (match?.groups === undefined) return Number.NaN;
  const { day, month, year, hour, minute, second } = match.groups as Record<Part, string>;
  const fields = [months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)] as const;
  const ms = Date.UTC(fullYear(year, nowMs), ...fields);
  // a 30th of February would be the 2nd of March
  return new Date(ms).getUTCDate() === fields[1] || fields[4] === 60 ? ms : Number.NaN;
}

type Part = 'day' | 'month' | 'year' | 'hour' | 'minute' | 'second';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const monthName = `(?<month>${months.join('|')})`;
/** A leap second is 60. */
const time = '(?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9]):(?<second>[0-5][0-9]|60)';

const imfDate = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>[0-9]{2}) ${monthName} (?<year>[0-9]{4}) ${time} GMT$`,
);
const rfc850Date = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>[0-9]{2})-${monthName}-(?<year>[0-9]{2}) ${time} GMT$`,
);
const asctimeDate = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${monthName} (?<day>[0-9]{2}| [0-9]) ${time} (?<year>[0-9]{4})$`,
);

function fullYear(written: string, nowMs: number): number {
  if (written.length === 4) return Number(written);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(written);
  return year > thisYear + 50 ? year - 100 : year;
}
