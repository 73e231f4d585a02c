// Where things are in a map: columns, one by one in a plane or in groups that become tiles.

export class Layout {
  // shape: (height, width) or (height, width, in a group)
  constructor(shape) {
    [this.rows, this.columns] = shape;
    this.group = shape[2] ?? 1;
    this.tileHeight = Math.floor(Math.sqrt(this.group));
    this.tileWidth = Math.ceil(this.group / this.tileHeight);
    this.height = this.rows * this.tileHeight;
    this.width = this.columns * this.tileWidth;
    this.size = this.rows * this.columns * this.group;
  }

  // Row-major pixel of a column.
  pixel(column) {
    const place = Math.floor(column / this.group), member = column % this.group;
    const y = Math.floor(place / this.columns) * this.tileHeight + Math.floor(member / this.tileWidth);
    const x = (place % this.columns) * this.tileWidth + (member % this.tileWidth);
    return y * this.width + x;
  }

  // Column at a pixel, or -1.
  column(y, x) {
    if (y < 0 || x < 0 || y >= this.height || x >= this.width) return -1;
    const member = (y % this.tileHeight) * this.tileWidth + (x % this.tileWidth);
    if (member >= this.group) return -1;
    const place = Math.floor(y / this.tileHeight) * this.columns + Math.floor(x / this.tileWidth);
    return place * this.group + member;
  }

  // How people say which one it is.
  name(column) {
    const place = Math.floor(column / this.group);
    const at = `row ${Math.floor(place / this.columns)}, column ${place % this.columns}`;
    return this.group > 1 ? `${at}, number ${column % this.group}` : at;
  }
}
