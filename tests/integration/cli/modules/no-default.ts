export const pipeline = 'not the default export';
