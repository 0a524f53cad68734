/** Linux `PATH_MAX` is 4096; nobody needs so much. */
const MAX_FILE_NAME = 1024;

/**
 * Whether the text is the absolute name of a file, without `.` and `..`, as documents and resources may write it. Whether
 * that file may be read is for the machine to say on which it is.
 */
export function isFileName(text: string | undefined): text is string {
  if (text === undefined || text.length > MAX_FILE_NAME || /\p{Cc}/u.test(text)) return false;
  return /^(\/[^/]+)+$/.test(text) && !/\/\.\.?(\/|$)/.test(text);
}
