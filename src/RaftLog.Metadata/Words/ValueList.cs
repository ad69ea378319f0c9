using System.Collections;
using System.Runtime.CompilerServices;

namespace RaftLog.Metadata;

/// <summary>A short list that never changes and is equal to another with the same elements in the same order.</summary>
/// <typeparam name="T">The element.</typeparam>
[CollectionBuilder(typeof(ValueList), nameof(ValueList.Create))]
public sealed class ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
    where T : IEquatable<T>
{
    /// <summary>The list without elements.</summary>
    public static readonly ValueList<T> Empty = new([]);

    private readonly T[] _items;

    internal ValueList(T[] items) => _items = items;

    /// <inheritdoc />
    public int Count => _items.Length;

    /// <inheritdoc />
    public T this[int index] => _items[index];

    /// <summary>True when an element is in the list.</summary>
    public bool Contains(T item) => IndexOf(item) >= 0;

    /// <summary>The first position of an element, -1 when absent.</summary>
    public int IndexOf(T item) => Array.IndexOf(_items, item);

    /// <summary>The list without an element; itself when the element is absent.</summary>
    public ValueList<T> Without(T item) => Contains(item) ? new([.. _items.Where(each => !each.Equals(item))]) : this;

    /// <summary>True when both lists have the same elements in any order, each at most once.</summary>
    public bool HasSameElements(ValueList<T> other)
    {
        if (Count != other.Count)
        {
            return false;
        }

        foreach (T item in _items)
        {
            if (!other.Contains(item))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A new list that wire messages may hold.</summary>
    public List<T> ToList() => [.. _items];

    /// <summary>The elements in order, without an allocation.</summary>
    public ReadOnlySpan<T>.Enumerator GetEnumerator() => new ReadOnlySpan<T>(_items).GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();

    /// <inheritdoc />
    public bool Equals(ValueList<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (T item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public override string ToString() => $"[{string.Join(", ", _items)}]";
}

/// <summary>Makes lists of values.</summary>
public static class ValueList
{
    /// <summary>A list of these elements; what collection expressions call.</summary>
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items)
        where T : IEquatable<T> => items.IsEmpty ? ValueList<T>.Empty : new(items.ToArray());

    /// <summary>A copy of a wire message's list; null becomes the empty list.</summary>
    public static ValueList<T> From<T>(List<T>? items)
        where T : IEquatable<T> => items is null or [] ? ValueList<T>.Empty : new([.. items]);
}
