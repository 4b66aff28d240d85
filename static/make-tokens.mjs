// Writes css/tokens.css from the Fluent 2 web themes.
//
//   npm install @fluentui/tokens
//   node static/make-tokens.mjs > static/css/tokens.css        (run where node_modules is)
//
// Only the tokens that the style sheet uses are written. Names stay Fluent's own, so that a value
// can be looked up; the horizontal and the vertical spacing ramp are equal and become one.
// Pixels become rem where text size should scale them.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const { webLightTheme: light, webDarkTheme: dark } = require('@fluentui/tokens');
const { version } = require('@fluentui/tokens/package.json');

// Colours: Fluent's name, and the system colour that stands in for it in forced colours.
// (The browser forces text, fills of boxes and borders by itself; inline SVG needs this.)
const colours = {
  colorNeutralForeground1: 'CanvasText',
  colorNeutralForeground2: 'CanvasText',
  colorNeutralForeground3: 'CanvasText',
  colorNeutralForegroundOnBrand: 'HighlightText',
  colorNeutralBackground1: 'Canvas',
  colorNeutralBackground2: 'Canvas',
  colorNeutralBackground3: 'Canvas',
  colorNeutralBackground6: 'Canvas',
  colorNeutralStroke1: 'CanvasText',
  colorNeutralStroke2: 'CanvasText',
  colorNeutralStrokeAccessible: 'CanvasText',
  colorSubtleBackgroundHover: 'Canvas',
  colorSubtleBackgroundPressed: 'Canvas',
  colorStrokeFocus2: 'Highlight',
  colorBrandBackground: 'Highlight',
  colorBrandBackgroundHover: 'Highlight',
  colorBrandBackground2: 'Canvas',
  colorBrandForegroundLink: 'LinkText',
  colorBrandStroke2: 'CanvasText',
  colorStatusSuccessBackground1: 'Canvas',
  colorStatusSuccessForeground3: 'CanvasText',
  colorStatusSuccessBackground2: 'CanvasText',
  colorStatusWarningBackground1: 'Canvas',
  colorStatusWarningForeground2: 'CanvasText',
  colorStatusWarningForeground3: 'CanvasText',
  colorStatusWarningBackground2: 'CanvasText',
  colorStatusDangerBackground1: 'Canvas',
  colorStatusDangerBackground3: 'CanvasText',
  colorStatusDangerBackground3Hover: 'CanvasText',
  colorStatusDangerForeground3: 'CanvasText',
  colorStatusDangerBackground2: 'CanvasText',
  colorStatusDangerBorder2: 'CanvasText',
};

const fixed = [
  'shadow2', 'shadow16',
  'borderRadiusMedium', 'borderRadiusXLarge', 'borderRadius3XLarge', 'borderRadius6XLarge', 'borderRadiusCircular',
  'strokeWidthThin', 'strokeWidthThick', 'strokeWidthThicker', 'strokeWidthThickest',
  'fontFamilyBase', 'fontFamilyMonospace', 'fontWeightRegular', 'fontWeightSemibold',
  'durationFast', 'curveEasyEase',
];
const type = ['Base200', 'Base300', 'Base400', 'Base500', 'Base600', 'Hero700', 'Hero800'];
const spacing = ['XXS', 'XS', 'S', 'M', 'L', 'XL', 'XXL', 'XXXL'];

const rem = (px) => `${+(parseFloat(px) / 16).toFixed(4)}rem`.replace(/^0\./, '.');
const line = (name, value) => `  --${name}: ${value};`;
const block = (head, lines) => `${head} {\n${lines.join('\n')}\n}`;
const indent = (text) => text.replace(/^(?=.)/gm, '  ');

const base = [
  ...Object.keys(colours).map((name) => line(name, light[name])),
  ...fixed.map((name) => line(name, light[name])),
  ...type.flatMap((size) => {
    const font = parseFloat(light[`fontSize${size}`]);
    return [
      line(`fontSize${size}`, rem(font)),
      line(`lineHeight${size}`, +(parseFloat(light[`lineHeight${size}`]) / font).toFixed(4)),
    ].slice(0, size === 'Hero700' ? 1 : 2);
  }),
  ...spacing.map((size) => line(`spacing${size}`, rem(light[`spacingVertical${size}`]))),
];
const changed = [...Object.keys(colours), ...fixed].filter((name) => light[name] !== dark[name]);

process.stdout.write([
  `/*! Values from @fluentui/tokens ${version}, copyright Microsoft Corporation, MIT licence. */\n/* Made by make-tokens.mjs. Do not edit. */`,
  '@layer tokens, base, layout, components;\n',
  block('@layer tokens', [
    indent(block(':root', base)),
    indent(block('@media screen and (prefers-color-scheme: dark)',
      [indent(block(':root', changed.map((name) => line(name, dark[name]))))])),
    indent(block('@media (forced-colors: active)',
      [indent(block(':root', Object.entries(colours).map(([name, system]) => line(name, system))))])),
  ]),
].join('\n') + '\n');
