using System.Collections;
using System.Reflection;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// A client may put 32 KiB into each name that it sends. What is said to people of it, in responses and in the node log, quotes what people
/// read, and every request has its response.
/// </summary>
public sealed class LongTextsTests
{
    private const string OneNode = """
        {
          "nodes": [ {
            "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a", "group.initial.rebalance.delay.ms": 0
          } ]
        }
        """;

    /// <summary>More than is ever said to people of one thing.</summary>
    private const int Shortened = 1_100;

    private static readonly NetworkAddress Client = new("a", 9092);

    private readonly InMemoryNetwork _network = new(TimeProvider.System);

    /// <summary>Kinds of resources, keys and elections: what is said often depends on them.</summary>
    private static readonly sbyte[] Kinds = [0, 1, 2, 3, 4, 16, 32];

    /// <param name="length">The length of each text: the longest that a request can have, which cannot be quoted in a response; or one that
    /// can.</param>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(WireReader.MaxStringLength)]
    [InlineData(5_000)]
    public async Task Nothing_that_is_said_quotes_a_long_text_in_full(int length)
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await UntilCoordinatedAsync();
        List<string> faults = [];
        foreach (Type request in Requests())
        {
            Type responseType = request.GetInterfaces().Single(IsRequest).GetGenericArguments()[0];
            MethodInfo ask = typeof(LongTextsTests)
                .GetMethod(nameof(AskAsync), BindingFlags.Instance | BindingFlags.NonPublic)!
                .MakeGenericMethod(responseType);
            foreach (sbyte kind in Kinds)
            {
                try
                {
                    object? response = await (Task<object?>)ask.Invoke(this, [Filled(request, kind, length)])!;
                    faults.AddRange(
                        Texts(response)
                            .Where(static text => text.Length > Shortened)
                            .Select(text => $"{request.Name}, {kind}: {text[..100]}")
                    );
                }
                catch (Xunit.Sdk.XunitException failure)
                {
                    faults.Add($"{request.Name}, {kind}, has no response: {failure.Message}");
                }
            }
        }

        lock (nodes.All[0].Problems)
        {
            faults.AddRange(
                nodes.All[0].Problems.Where(static line => line.Length > Shortened).Select(static line => $"node log: {line[..300]}")
            );
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        await nodes.StopAsync();
    }

    private static bool IsRequest(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRequest<>);

    private static IEnumerable<Type> Requests() =>
        typeof(IRequest<>)
            .Assembly.GetTypes()
            .Where(static type => type.IsClass && Array.Exists(type.GetInterfaces(), IsRequest))
            .OrderBy(static type => type.Name, StringComparer.Ordinal);

    /// <summary>A request in which each text is as long as can be, each list has two equal elements, and each kind is the given one. A
    /// request to produce asks for a response.</summary>
    private static object Filled(Type type, sbyte kind, int length)
    {
        object filled = Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in type.GetProperties().Where(static each => each.CanWrite))
        {
            if (Value(property.PropertyType, kind, length) is { } value)
            {
                property.SetValue(filled, value);
            }
        }

        if (filled is ProduceRequest produce)
        {
            produce.Acks = -1;
        }

        return filled;
    }

    private static object? Value(Type type, sbyte kind, int length)
    {
        if (type == typeof(string))
        {
            return new string('x', length);
        }

        if (type == typeof(sbyte))
        {
            return kind;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            Type element = type.GetGenericArguments()[0];
            var list = (IList)Activator.CreateInstance(type)!;
            for (int i = 0; i < 2; i++)
            {
                list.Add(Value(element, kind, length) ?? Activator.CreateInstance(element));
            }

            return list;
        }

        return type.IsClass && type.GetConstructor([]) is not null ? Filled(type, kind, length) : null;
    }

    /// <summary>What a response says to people.</summary>
    private static IEnumerable<string> Texts(object? message)
    {
        foreach (
            PropertyInfo property in message is null
                ? []
                : message.GetType().GetProperties().Where(static each => each.GetIndexParameters().Length == 0)
        )
        {
            switch (property.GetValue(message))
            {
                case string text when property.Name.EndsWith("Message", StringComparison.Ordinal):
                    yield return text;
                    break;
                case IList list:
                    foreach (
                        string text in list.OfType<object>()
                            .Where(static each => each.GetType().IsClass && each is not string)
                            .SelectMany(Texts)
                    )
                    {
                        yield return text;
                    }

                    break;
            }
        }
    }

    /// <summary>The coordinators of groups and transactions are there, so that they judge what they are asked.</summary>
    private async Task UntilCoordinatedAsync()
    {
        foreach (sbyte type in (sbyte[])[0, 1])
        {
            FindCoordinatorRequest request = new() { KeyType = type, CoordinatorKeys = ["x"] };
            while ((await RawCall.AskAsync(_network, Client, request)).Coordinators[0].ErrorCode != ErrorCode.None) { }
        }
    }

    /// <summary>Null where the node does not serve it to clients.</summary>
    private async Task<object?> AskAsync<TResponse>(IRequest<TResponse> request)
        where TResponse : class, IVersionedMessage, new() =>
        await RawCall.IsServedAsync(_network, Client, request.Api) ? await RawCall.AskAsync(_network, Client, request) : null;
}
