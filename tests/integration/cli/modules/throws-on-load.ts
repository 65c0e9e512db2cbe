throw new Error('cannot be loaded today');
