using System.Text;
using System.Text.Unicode;

namespace RaftLog.Protocol.Records;

/// <summary>A header to write: a name and a value that rides along with a record (KIP-82).</summary>
/// <param name="Key">The name; it may repeat within a record.</param>
/// <param name="Value">The value, or null.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>The name where it is no UTF-8: then <see cref="Key"/> is not all of it.</summary>
    private readonly byte[]? _name;

    /// <summary>A header whose value is an array, of which null stays null (as memory a null array would be empty).</summary>
    public RecordHeader(string key, byte[]? value)
        : this(key, value is null ? new ReadOnlyMemory<byte>?() : value.AsMemory()) { }

    /// <summary>
    /// A header as it stands in a record. A name that is no UTF-8, which another client may have written, is kept as it is, while
    /// <see cref="Key"/> has replacement characters in it.
    /// </summary>
    public RecordHeader(ReadOnlySpan<byte> name, byte[]? value)
        : this(Encoding.UTF8.GetString(name), value) => _name = Utf8.IsValid(name) ? null : name.ToArray();

    /// <summary>True when <see cref="Key"/> is the whole name.</summary>
    public bool HasTextName => _name is null;

    /// <summary>The bytes of the name.</summary>
    public int NameSize => _name?.Length ?? Encoding.UTF8.GetByteCount(Key);

    /// <summary>Writes the name, and says how many bytes it is.</summary>
    public int WriteName(Span<byte> target)
    {
        if (_name is null)
        {
            return Encoding.UTF8.GetBytes(Key, target);
        }

        _name.CopyTo(target);
        return _name.Length;
    }
}
