using Xunit.Sdk;

namespace RaftLog.TestKit;

/// <summary>Waits with a bound. The bound only ends a test that can no longer pass; it says nothing about speed.</summary>
public static class Poll
{
    /// <summary>The bound where nothing else is said.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks again and again until the response is not null, and returns it.</summary>
    /// <param name="what">What is waited for, for the failure's text.</param>
    /// <param name="ask">The question; an exception counts as "not yet".</param>
    /// <param name="patience">The bound; <see cref="Patience"/> where null.</param>
    public static async Task<T> ForAsync<T>(string what, Func<Task<T?>> ask, TimeSpan? patience = null)
        where T : class
    {
        TimeSpan bound = patience ?? Patience;
        long start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(start) < bound)
        {
            try
            {
                if (await ask() is { } response)
                {
                    return response;
                }
            }
            catch (Exception e) when (e is not XunitException)
            {
                last = e;
            }

            await Task.Delay(Pause);
        }

        throw new XunitException(
            $"gave up after {bound.TotalSeconds:0} s waiting for: {what}{(last is null ? "" : $"\nlast: {last.Message}")}"
        );
    }

    /// <summary>Asks again and again until the response is true.</summary>
    /// <inheritdoc cref="ForAsync{T}" path="/param" />
    public static Task UntilAsync(string what, Func<Task<bool>> ask, TimeSpan? patience = null) =>
        ForAsync(what, async () => await ask() ? what : null, patience);

    /// <inheritdoc cref="UntilAsync(string, Func{Task{bool}}, TimeSpan?)" />
    public static Task UntilAsync(string what, Func<bool> ask, TimeSpan? patience = null) =>
        UntilAsync(what, () => Task.FromResult(ask()), patience);
}
