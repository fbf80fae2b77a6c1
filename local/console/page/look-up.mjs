/**
 * The value of a key that the map is known to hold.
 * @template Key, Value
 * @param {Map<Key, Value>} map
 * @param {Key} key
 * @returns {Value}
 */
export function lookUp(map, key) {
    const value = map.get(key);
    if (value === undefined) throw new Error(`There is no ${key}.`);
    return value;
}
