/** A name as people write it and its ASCII form for addresses. */
export interface Name {
  readonly written: string;
  readonly ascii: string;
}

function plain(...names: readonly string[]): Name[] {
  return names.map((written) => ({ written, ascii: written.toLowerCase() }));
}

export const GIVEN_NAMES: readonly Name[] = [
  ...plain('Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Margaret', 'Dennis', 'Frances', 'Ken', 'Radia'),
  ...plain('Linus', 'Hedy', 'Niklaus', 'Adele', 'Tim', 'Karen', 'Leslie', 'Sophie', 'Guido', 'Anita', 'Bjarne'),
  { written: 'Zoë', ascii: 'zoe' },
  { written: 'José', ascii: 'jose' },
  { written: 'Łukasz', ascii: 'lukasz' },
  { written: 'Søren', ascii: 'soren' },
  { written: 'Ñusta', ascii: 'nusta' },
  // Decomposed: e followed by a combining acute accent.
  { written: 'Rene\u0301e', ascii: 'renee' },
  { written: 'Владимир', ascii: 'vladimir' },
  { written: 'Ελένη', ascii: 'eleni' },
  { written: '明美', ascii: 'akemi' },
  { written: '지훈', ascii: 'jihun' },
  { written: 'فاطمة', ascii: 'fatima' },
  { written: 'Anna-Maria', ascii: 'anna-maria' },
  { written: 'Ayşe', ascii: 'ayse' },
  { written: "D'Arcy", ascii: "d'arcy" },
];

export const SURNAMES: readonly Name[] = [
  ...plain('Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', 'Knuth', 'Hamilton', 'Ritchie', 'Allen', 'Thompson'),
  ...plain('Perlman', 'Lamarr', 'Wirth', 'Goldberg', 'Lamport', 'Wilson', 'Borg', 'Hoare', 'Backus', 'Naur'),
  { written: "O'Brien", ascii: "o'brien" },
  { written: 'Müller-Lüdenscheidt', ascii: 'mueller-luedenscheidt' },
  { written: 'Nuñez y Ortega', ascii: 'nunez.y.ortega' },
  { written: 'Ørsted', ascii: 'orsted' },
  { written: 'Dvořák', ascii: 'dvorak' },
  { written: 'van der Berg', ascii: 'vanderberg' },
  { written: 'Иванов', ascii: 'ivanov' },
  { written: 'Παπαδόπουλος', ascii: 'papadopoulos' },
  { written: '山田', ascii: 'yamada' },
  { written: 'İnce', ascii: 'ince' },
  { written: 'حسين', ascii: 'hussein' },
];

/** What some people add to their display name, and what breaks careless quoting. */
export const DISPLAY_SUFFIXES = [
  ' "Bob"',
  ' (50% part-time)',
  ' \\ Contractor',
  " 'Night shift'",
  ' & Co.',
  ' <external>',
  ' 🚀',
  '; DROP TABLE users',
  ' %2F..',
  ' #1',
] as const;

export const DEPARTMENTS = [
  'Sales',
  'Engineering',
  'R&D',
  'Finance',
  'Legal',
  'Support',
  "People's Office",
  'Operations',
  'Marketing & "Brand"',
  'Einkauf/Logistik',
  'Größere Projekte',
  '100% Renewables',
] as const;

export const JOB_TITLES = ['Engineer', 'Manager', 'Analyst', 'Director', 'Clerk', 'Architect', 'Trainee'] as const;

export const CITIES = [
  { city: 'København', country: 'Denmark', code: 'DK', postalCode: '1050' },
  { city: 'Zürich', country: 'Switzerland', code: 'CH', postalCode: '8001' },
  { city: 'Seattle', country: 'United States', code: 'US', postalCode: '98101' },
  { city: "L'Aquila", country: 'Italy', code: 'IT', postalCode: '67100' },
  { city: '東京', country: 'Japan', code: 'JP', postalCode: '100-0001' },
  { city: 'São Paulo', country: 'Brazil', code: 'BR', postalCode: '01000-000' },
] as const;

/** Group names that some code somewhere cannot take. Two are equal on purpose: displayName is not unique in Entra. */
export const AWKWARD_GROUP_NAMES = [
  'R&D 50% "Skunkworks"',
  "O'Neill's team",
  'C:\\Finance\\Payroll',
  '東京 営業部',
  'Twins',
  'Twins',
  'sales/emea; (all)',
  'Ünïcödé \u{1F469}\u200D\u{1F4BB}',
  'a,b;c=d',
  '[brackets] {braces} <angles>',
] as const;
