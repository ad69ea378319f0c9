using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>What became of one of several things that were asked for together.</summary>
/// <typeparam name="T">What names it.</typeparam>
/// <param name="Item">Which one.</param>
/// <param name="Error">Why it failed, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">The same for people; empty when it succeeded.</param>
public readonly record struct ItemResult<T>(T Item, ErrorCode Error, string Message)
{
    /// <summary>True when it was done.</summary>
    public bool Succeeded => Error == ErrorCode.None;

    /// <summary>Throws unless it was done.</summary>
    /// <exception cref="KafkaException">It failed.</exception>
    public void ThrowIfFailed()
    {
        if (!Succeeded)
        {
            throw new KafkaException(Error, $"{Item}: {Message}");
        }
    }

    internal static ItemResult<T> From(T item, ErrorCode error, string? message) =>
        new(
            item,
            error,
            error == ErrorCode.None ? ""
                : string.IsNullOrEmpty(message) ? $"rejected with {error}"
                : message
        );
}
