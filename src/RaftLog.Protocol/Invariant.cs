using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace RaftLog.Protocol;

/// <summary>
/// Assertions that stay on in Release: what they check can only be false if this program is wrong, and then the node stops.
/// </summary>
public static class Invariant
{
    /// <summary>Throws when an invariant does not hold.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="id">The invariant's id, as on the field that it guards: a room's letter and a number (<c>R-07</c>).</param>
    /// <param name="meaning">What is wrong when it is false, for the person who reads the node's last words.</param>
    /// <exception cref="InvariantException">The condition is false.</exception>
    public static void Holds([DoesNotReturnIf(false)] bool condition, string id, string meaning)
    {
        if (!condition)
        {
            throw new InvariantException(id, meaning);
        }
    }

    /// <summary>Throws when an invariant does not hold; the meaning is put together only then.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="id">The invariant's id.</param>
    /// <param name="meaning">What is wrong when it is false, as an interpolated string.</param>
    /// <exception cref="InvariantException">The condition is false.</exception>
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        string id,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref InvariantMeaning meaning
    )
    {
        if (!condition)
        {
            throw new InvariantException(id, meaning.Take());
        }
    }
}

/// <summary>A broken invariant: the program is wrong, and going on could lose or corrupt data. Caught only where the node halts.</summary>
/// <param name="id">The invariant's id.</param>
/// <param name="meaning">What is wrong.</param>
public sealed class InvariantException(string id, string meaning) : Exception($"invariant {id} is broken: {meaning}")
{
    /// <summary>The invariant's id.</summary>
    public string Id { get; } = id;
}
