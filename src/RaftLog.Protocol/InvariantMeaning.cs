using System.Runtime.CompilerServices;

namespace RaftLog.Protocol;

/// <summary>
/// The interpolated meaning of an invariant, put together only when the invariant is broken: a check that holds costs no text.
/// </summary>
[InterpolatedStringHandler]
public ref struct InvariantMeaning
{
    private DefaultInterpolatedStringHandler _text;

    /// <summary>Called by the compiler before the parts of the text.</summary>
    /// <param name="literalLength">The length of the fixed parts.</param>
    /// <param name="formattedCount">The number of values.</param>
    /// <param name="condition">What must be true.</param>
    /// <param name="isNeeded">True when the text is put together at all.</param>
    public InvariantMeaning(int literalLength, int formattedCount, bool condition, out bool isNeeded)
    {
        isNeeded = !condition;
        _text = isNeeded ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    /// <summary>Called by the compiler for a fixed part.</summary>
    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    /// <summary>Called by the compiler for a value.</summary>
    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    /// <summary>Called by the compiler for a value with a format.</summary>
    public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);

    /// <summary>Called by the compiler for a value with a width.</summary>
    public void AppendFormatted<T>(T value, int alignment) => _text.AppendFormatted(value, alignment);

    /// <summary>Called by the compiler for a value with a width and a format.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format) => _text.AppendFormatted(value, alignment, format);

    /// <summary>Called by the compiler for characters.</summary>
    public void AppendFormatted(ReadOnlySpan<char> value) => _text.AppendFormatted(value);

    internal string Take() => _text.ToStringAndClear();
}
