import { coercionTable } from "./coercion-table.ts";

const la = { timeZone: "America/Los_Angeles" };

coercionTable(
  "timestamp",
  {},
  {
    fits: [
      ["2025-01-02", "2025-01-02T00:00:00.000000Z"],
      ["2025-01-02T03:04", "2025-01-02T03:04:00.000000Z"],
      ["2025-01-02 03:04:05", "2025-01-02T03:04:05.000000Z"],
      ["2026-02-25T16:26:25.880Z", "2026-02-25T16:26:25.880000Z"],
      ["2025-01-02t03:04:05,5z", "2025-01-02T03:04:05.500000Z"],
      ["2025-01-02T03:04:05+00", "2025-01-02T03:04:05.000000Z"],
      ["2025-01-02T03:04:05+0000", "2025-01-02T03:04:05.000000Z"],
      ["2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05.000000Z"],
      ["2025-01-02T03:04:05-08:00", "2025-01-02T11:04:05.000000Z"],
      ["2025-01-02 03:04:05 +0530", "2025-01-01T21:34:05.000000Z"],
      ["2025-01-02 03:04:05.123 UTC", "2025-01-02T03:04:05.123000Z"],
      ["2025-01-02T03:04:05.9999999Z", "2025-01-02T03:04:05.999999Z"],
      ["2025-01-02T03:04:05.123456789+01:00", "2025-01-02T02:04:05.123456Z"],
      ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"],
      ["2025-01-31T24:00:00Z", "2025-02-01T00:00:00.000000Z"],
      ["1955-11-05T06:00:00.5Z", "1955-11-05T06:00:00.500000Z"],
      ["0001-01-01", "0001-01-01T00:00:00.000000Z"],
      ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
      ["2000-02-29", "2000-02-29T00:00:00.000000Z"],
      [new Date(-1), "1969-12-31T23:59:59.999000Z"],
      ["0000-00-00", null],
      ["0000-00-00 00:00:00", null],
      ["0000-00-00 00:00:00.000000", null],
      ["", null],
      [null, null],
    ],
    misfits: [
      ["soon", '"soon" is not a timestamp'],
      ["0000-01-01", '"0000-01-01" is not a timestamp'],
      ["0001-01-01T00:00:00+01:00", '"0001-01-01T00:00:00+01:00" lies outside the years 0001 to 9999'],
      ["9999-12-31T23:59:59-01:00", '"9999-12-31T23:59:59-01:00" lies outside the years 0001 to 9999'],
      ["10000-01-01", '"10000-01-01" is not a timestamp'],
      ["2025-02-29", '"2025-02-29" is not a timestamp'],
      ["1900-02-29", '"1900-02-29" is not a timestamp'],
      ["2025-13-01", '"2025-13-01" is not a timestamp'],
      ["2025-01-32", '"2025-01-32" is not a timestamp'],
      ["2025-01-02T25:00", '"2025-01-02T25:00" is not a timestamp'],
      ["2025-01-02T24:00:01", '"2025-01-02T24:00:01" is not a timestamp'],
      ["2025-01-02T03:60", '"2025-01-02T03:60" is not a timestamp'],
      ["2025-01-02T03:04:61", '"2025-01-02T03:04:61" is not a timestamp'],
      ["2025-01-02T03:04:05.", '"2025-01-02T03:04:05." is not a timestamp'],
      ["2025-01-02T03:04:05+1", '"2025-01-02T03:04:05+1" is not a timestamp'],
      ["2025-01-02T03:04:05Zulu", '"2025-01-02T03:04:05Zulu" is not a timestamp'],
      ["2025-01-02x03:04", '"2025-01-02x03:04" is not a timestamp'],
      ["05/06/2024", '"05/06/2024" is ambiguous: give its format, such as MM/dd/yyyy or dd/MM/yyyy'],
      ["5.6.24 10:00", '"5.6.24 10:00" is ambiguous: give its format, such as MM/dd/yyyy or dd/MM/yyyy'],
      [
        "1735689600000",
        '"1735689600000" is not a timestamp: a number needs a format (epoch, epochMs, epochUs or serial)',
      ],
      [1735689600, "1735689600 is not a timestamp: a number needs a format (epoch, epochMs, epochUs or serial)"],
      ["20250102", '"20250102" is not a timestamp: a number needs a format (epoch, epochMs, epochUs or serial)'],
      [true, "true is not a timestamp"],
      [["2025-01-02"], "a list of 1 is not a timestamp"],
      [new Date(Number.NaN), "an invalid date is not a timestamp"],
      [new Date(Date.UTC(-5, 0)), "-000005-01-01T00:00:00.000Z is not a timestamp"],
    ],
  },
);

coercionTable("timestamp", la, {
  fits: [
    ["2026-07-01 12:00:00", "2026-07-01T19:00:00.000000Z"],
    ["2026-01-01", "2026-01-01T08:00:00.000000Z"],
    ["2026-07-01T12:00:00Z", "2026-07-01T12:00:00.000000Z"],
    // Put forward at 02:00: the hour that is not there moves on by one.
    ["2026-03-08 01:59:59", "2026-03-08T09:59:59.000000Z"],
    ["2026-03-08 02:30:00", "2026-03-08T10:30:00.000000Z"],
    ["2026-03-08 03:00:00", "2026-03-08T10:00:00.000000Z"],
    // Put back at 02:00: of the hour that is there twice, the first.
    ["2026-11-01 00:59:59", "2026-11-01T07:59:59.000000Z"],
    ["2026-11-01 01:30:00", "2026-11-01T08:30:00.000000Z"],
    ["2026-11-01 02:00:00", "2026-11-01T10:00:00.000000Z"],
    ["1955-07-01 12:00:00", "1955-07-01T19:00:00.000000Z"],
  ],
});

coercionTable(
  "timestamp",
  { format: ["iso", "epochMs"] },
  {
    fits: [
      ["2026-02-25T16:26:25.880Z", "2026-02-25T16:26:25.880000Z"],
      ["1735689600000", "2025-01-01T00:00:00.000000Z"],
      [1735689600000, "2025-01-01T00:00:00.000000Z"],
      ["1735689600000.5", "2025-01-01T00:00:00.000500Z"],
      ["-1", "1969-12-31T23:59:59.999000Z"],
      ["1.7356896e12", "2025-01-01T00:00:00.000000Z"],
    ],
    misfits: [
      ["soon", '"soon" is not a timestamp of the form iso or epochMs'],
      ["1e400", '"1e400" is not a timestamp of the form iso or epochMs'],
      ["999999999999999", '"999999999999999" is not a timestamp of the form iso or epochMs'],
    ],
  },
);

coercionTable(
  "timestamp",
  { format: "epoch" },
  {
    fits: [
      [1735689600, "2025-01-01T00:00:00.000000Z"],
      ["1735689600.1234567", "2025-01-01T00:00:00.123456Z"],
      [-0.5, "1969-12-31T23:59:59.500000Z"],
      ["-0.0000001", "1969-12-31T23:59:59.999999Z"],
      ["-1e-999999999", "1969-12-31T23:59:59.999999Z"],
      [0, "1970-01-01T00:00:00.000000Z"],
      ["253402300799", "9999-12-31T23:59:59.000000Z"],
    ],
    misfits: [
      ["2025-01-01", '"2025-01-01" is not a timestamp of the form epoch'],
      ["253402300800", '"253402300800" is not a timestamp of the form epoch'],
    ],
  },
);
coercionTable(
  "timestamp",
  { format: "epochUs" },
  {
    fits: [
      ["1735689600123456", "2025-01-01T00:00:00.123456Z"],
      [1735689600123456, "2025-01-01T00:00:00.123456Z"],
      [-1n, "1969-12-31T23:59:59.999999Z"],
    ],
  },
);
coercionTable(
  "timestamp",
  { format: "serial" },
  {
    fits: [
      [25569, "1970-01-01T00:00:00.000000Z"],
      ["45658.5", "2025-01-01T12:00:00.000000Z"],
      [45658 + 36610 / 86400, "2025-01-01T10:10:10.000000Z"],
      [0, "1899-12-30T00:00:00.000000Z"],
    ],
  },
);
coercionTable("timestamp", { format: "serial", ...la }, { fits: [["45658.5", "2025-01-01T20:00:00.000000Z"]] });

coercionTable(
  "timestamp",
  { format: "MM/dd/yyyy HH:mm:ss" },
  {
    fits: [
      ["05/06/2024 07:08:09", "2024-05-06T07:08:09.000000Z"],
      ["0000-00-00 00:00:00", null],
    ],
    misfits: [
      ["06/31/2024 00:00:00", '"06/31/2024 00:00:00" is not a timestamp of the form MM/dd/yyyy HH:mm:ss'],
      ["5/6/2024 07:08:09", '"5/6/2024 07:08:09" is not a timestamp of the form MM/dd/yyyy HH:mm:ss'],
    ],
  },
);
coercionTable(
  "timestamp",
  { format: "M/d/yy h:mm a", ...la },
  {
    fits: [
      ["7/4/26 12:05 AM", "2026-07-04T07:05:00.000000Z"],
      ["7/4/26 12:05\u202fpm", "2026-07-04T19:05:00.000000Z"],
      ["7/4/61 1:05 PM", "1961-07-04T20:05:00.000000Z"],
      ["7/4/2026 1:05 p.m.", "2026-07-04T20:05:00.000000Z"],
    ],
    misfits: [["7/4/26 13:05 PM", '"7/4/26 13:05 PM" is not a timestamp of the form M/d/yy h:mm a']],
  },
);
coercionTable(
  "timestamp",
  { format: "d MMM yyyy 'at' HH:mm:ss.u ZZZ" },
  {
    fits: [
      ["6 may 2024 at 07:08:09.1234567 +0200", "2024-05-06T05:08:09.123456Z"],
      ["6 May 2024 at 07:08:09.5 Z", "2024-05-06T07:08:09.500000Z"],
    ],
  },
);
// Tokens that Luxon itself reads.
coercionTable(
  "timestamp",
  { format: "EEE, dd MMM yyyy HH:mm:ss z" },
  {
    fits: [["Wed, 01 Jul 2026 12:00:00 America/Los_Angeles", "2026-07-01T19:00:00.000000Z"]],
    misfits: [
      [
        "Thu, 01 Jul 2026 12:00:00 America/Los_Angeles",
        '"Thu, 01 Jul 2026 12:00:00 America/Los_An…" is not a timestamp of the form EEE, dd MMM yyyy HH:mm:ss z',
      ],
    ],
  },
);
coercionTable("timestamp", { format: "yyyy-ooo", ...la }, { fits: [["2026-182", "2026-07-01T07:00:00.000000Z"]] });

coercionTable(
  "date",
  {},
  {
    fits: [
      ["2025-01-02", "2025-01-02"],
      ["2025-01-02T23:30:00", "2025-01-02"],
      ["2025-01-02T23:30:00-08:00", "2025-01-03"],
      [new Date(Date.UTC(2025, 0, 2, 23)), "2025-01-02"],
      ["0000-00-00", null],
      ["0001-01-01", "0001-01-01"],
      ["9999-12-31", "9999-12-31"],
    ],
    misfits: [
      ["0000-01-01", '"0000-01-01" is not a date'],
      ["05/06/2024", '"05/06/2024" is ambiguous: give its format, such as MM/dd/yyyy or dd/MM/yyyy'],
      [45658, "45658 is not a date: a number needs a format (epoch, epochMs, epochUs or serial)"],
    ],
  },
);
coercionTable("date", la, {
  fits: [
    ["2025-01-02", "2025-01-02"],
    ["2025-01-02 23:30:00", "2025-01-02"],
    ["2025-01-02T07:59:59Z", "2025-01-01"],
    ["2025-01-02T08:00:00Z", "2025-01-02"],
    ["2026-03-08 02:30:00", "2026-03-08"],
  ],
  misfits: [["0001-01-01T00:00:00Z", '"0001-01-01T00:00:00Z" lies outside the years 0001 to 9999']],
});
coercionTable(
  "date",
  { format: ["dd.MM.yyyy", "serial"] },
  {
    fits: [
      ["06.05.2024", "2024-05-06"],
      [45658, "2025-01-01"],
    ],
  },
);
coercionTable("date", { format: "epochMs", ...la }, { fits: [["1735689600000", "2024-12-31"]] });

coercionTable(
  "time",
  {},
  {
    fits: [
      ["07:08", "07:08:00"],
      ["7:08", "07:08:00"],
      ["07:08:09", "07:08:09"],
      ["07:08:09.5", "07:08:09.500000"],
      ["23:59:59.9999999", "23:59:59.999999"],
      ["00:00", "00:00:00"],
    ],
    misfits: [
      ["24:00", '"24:00" is not a time of day'],
      ["123:00:00", '"123:00:00" is not a time of day'],
      ["07:08 AM", '"07:08 AM" is not a time of day'],
      ["07:60", '"07:60" is not a time of day'],
      ["07:08:09Z", '"07:08:09Z" is not a time of day'],
    ],
  },
);
coercionTable(
  "time",
  { format: "h:mm a" },
  {
    fits: [
      ["7:08 PM", "19:08:00"],
      ["12:00 am", "00:00:00"],
    ],
  },
);
coercionTable("time", { format: "serial" }, { fits: [[0.5, "12:00:00"]] });
coercionTable("time", { format: "iso", ...la }, { fits: [["2026-07-01T19:00:00.25Z", "12:00:00.250000"]] });

coercionTable(
  "interval",
  {},
  {
    fits: [
      ["P1Y2M3DT4H5M6.5S", "P1Y2M3DT4H5M6.5S"],
      ["P14M", "P1Y2M"],
      ["P2W", "P14D"],
      ["PT90M", "PT1H30M"],
      ["PT36H", "PT36H"],
      ["PT1.5H", "PT1H30M"],
      ["-PT1H", "PT-1H"],
      ["PT-1H", "PT-1H"],
      ["-P1Y2M", "P-1Y-2M"],
      ["P1DT-1H", "P1DT-1H"],
      ["-P-1D", "P1D"],
      ["PT0,5S", "PT0.5S"],
      ["p1d", "P1D"],
      ["PT0S", "PT0S"],
      ["P0D", "PT0S"],
      ["00:00:00", "PT0S"],
      ["01:30:00", "PT1H30M"],
      ["-100:00:01.5", "PT-100H-1.5S"],
      ["838:59:59", "PT838H59M59S"],
      ["00:00:00.000001", "PT0.000001S"],
      ["PT0.0000019S", "PT0.000001S"],
    ],
    misfits: [
      ["P", '"P" is not an interval'],
      ["PT", '"PT" is not an interval'],
      ["P1DT", '"P1DT" is not an interval'],
      ["P1.5D", '"P1.5D" is not an interval'],
      ["10:30", '"10:30" is not an interval'],
      ["01:60:00", '"01:60:00" is not an interval'],
      [90, "90 is not an interval: a number needs a format (seconds, minutes or milliseconds)"],
      ["90", '"90" is not an interval: a number needs a format (seconds, minutes or milliseconds)'],
      ["P999999999Y", '"P999999999Y" is longer than an interval can be'],
      ["PT9999999999999H", '"PT9999999999999H" is longer than an interval can be'],
      ["soon", '"soon" is not an interval'],
    ],
  },
);
coercionTable(
  "interval",
  { format: "seconds" },
  {
    fits: [
      [90, "PT1M30S"],
      ["90.5", "PT1M30.5S"],
      [-3600, "PT-1H"],
      [0.1, "PT0.1S"],
      ["PT1H", "PT1H"],
      ["01:00:00", "PT1H"],
      ["1e-999999999", "PT0S"],
    ],
    misfits: [["1e999999999", '"1e999999999" is not an interval']],
  },
);
coercionTable(
  "interval",
  { format: "minutes" },
  {
    fits: [
      ["1.5", "PT1M30S"],
      [90n, "PT1H30M"],
    ],
  },
);
coercionTable(
  "interval",
  { format: ["iso", "milliseconds"] },
  {
    fits: [
      ["1500", "PT1.5S"],
      [0.001, "PT0.000001S"],
    ],
  },
);
