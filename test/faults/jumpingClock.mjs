// Loaded before a command: the date is SCALEWISE_TEST_YEARS off, and jumps by up to a year to and fro each time it is asked for.
const year = 365 * 24 * 3600 * 1000;
const { now } = Date;
Date.now = () => Math.floor(now() + Number(process.env.SCALEWISE_TEST_YEARS) * year + (Math.random() - 0.5) * 2 * year);
