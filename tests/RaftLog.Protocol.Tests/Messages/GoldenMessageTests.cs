using System.Text.Json;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>Every message in every version against the bytes of Kafka's own classes.</summary>
public class GoldenMessageTests
{
    [Fact]
    public void Every_version_of_every_message_has_golden_frames()
    {
        IEnumerable<string> missing =
            from type in MessageType.All
            from version in type.Versions
            where GoldenFrame.Of(type.Name).Count(frame => frame.Version == version) < 4
            select $"{type.Name} v{version}";

        Assert.NotEmpty(MessageType.All);
        Assert.Empty(missing);
    }

    [Fact]
    public void No_version_of_a_message_that_Kafka_has_is_missing()
    {
        IEnumerable<string> missing =
            from type in MessageType.All
            from frame in GoldenFrame.Of(type.Name)
            where frame.Version < type.Lowest || frame.Version > type.Highest
            select frame.ToString();

        Assert.Empty(missing);
    }

    [Fact]
    public void Golden_frames_are_read_as_their_fields()
    {
        Assert.Empty(
            EveryFrame(
                static (type, frame) =>
                {
                    IMessage message = Read(type, frame, out int remaining);
                    return FieldComparison
                        .Differences(message, frame.Fields)
                        .Append($"{remaining} bytes remain")
                        .SkipLast(remaining == 0 ? 1 : 0);
                }
            )
        );
    }

    [Fact]
    public void Golden_frames_are_written_as_the_same_bytes()
    {
        Assert.Empty(
            EveryFrame(
                static (type, frame) =>
                {
                    WireWriter writer = new();
                    Read(type, frame, out _).Write(writer, frame.Version);
                    return Difference(frame.Bytes, writer.ToArray());
                }
            )
        );
    }

    [Fact]
    public void A_new_message_is_Kafkas_default_message()
    {
        Assert.Empty(
            EveryFrame(
                static (type, frame) =>
                {
                    if (frame.Case != "default")
                    {
                        return [];
                    }

                    WireWriter writer = new();
                    type.New().Write(writer, frame.Version);
                    return Difference(frame.Bytes, writer.ToArray());
                }
            )
        );
    }

    [Fact]
    public void The_catalog_is_Kafkas_table_of_apis()
    {
        Dictionary<int, JsonElement> table = ApiTable();
        List<string> differences = [];
        foreach (ApiDescription api in ApiCatalog.All)
        {
            JsonElement row = table[(int)api.Key];
            string expected = $"{row.GetProperty("name")} {row.GetProperty("oldest")}-{row.GetProperty("latestUnstable")}";
            string actual = $"{api.Name} {api.LowestVersion}-{api.HighestVersion}";
            if (actual != expected || api.Name != api.Key.ToString())
            {
                differences.Add($"{(int)api.Key} {api.Key}: {actual}, in Kafka {expected}");
            }
        }

        Assert.Empty(differences);
    }

    [Fact]
    public void Headers_are_those_of_Kafkas_table_in_every_version()
    {
        List<string> differences = [];
        foreach ((int key, JsonElement row) in ApiTable())
        {
            if (!ApiCatalog.TryFind((ApiKey)key, out _))
            {
                continue;
            }

            foreach (JsonProperty version in row.GetProperty("headerVersions").EnumerateObject())
            {
                short number = short.Parse(version.Name);
                WireWriter request = new();
                new RequestHeader((ApiKey)key, number, 7, "").Write(request);
                WireWriter response = new();
                new ResponseHeader(7).Write(response, (ApiKey)key, number);
                string actual = $"{request.Length - 9},{response.Length - 4}";
                string expected = $"{version.Value[0]},{version.Value[1]}";
                if (actual != expected)
                {
                    differences.Add($"{row.GetProperty("name")} v{number}: header versions {actual}, in Kafka {expected}");
                }
            }
        }

        Assert.Empty(differences);
    }

    [Fact]
    public void Request_headers_are_read_as_their_fields_and_written_as_the_same_bytes()
    {
        foreach (GoldenFrame frame in GoldenFrame.Of("RequestHeader"))
        {
            // The golden headers carry random keys and versions, but it is those that decide the header's form.
            byte[] bytes = [.. frame.Bytes];
            bytes[0] = 0;
            bytes[1] = (byte)ApiKey.ApiVersions;
            bytes[2] = 0;
            bytes[3] = frame.Version == 1 ? (byte)2 : (byte)3;
            WireReader reader = new(bytes);
            RequestHeader header = RequestHeader.Read(ref reader);
            Assert.Equal(frame.Fields.GetProperty("correlationId").GetInt32(), header.CorrelationId);
            Assert.Equal(frame.Fields.GetProperty("clientId").GetString(), header.ClientId);
            Assert.Equal(0, reader.Remaining);
            WireWriter writer = new();
            header.Write(writer);
            Assert.Equal(bytes, writer.ToArray());
        }
    }

    [Fact]
    public void Response_headers_are_read_as_their_fields_and_written_as_the_same_bytes()
    {
        foreach (GoldenFrame frame in GoldenFrame.Of("ResponseHeader"))
        {
            (ApiKey key, short version) = frame.Version == 0 ? (ApiKey.ApiVersions, (short)4) : (ApiKey.Vote, (short)0);
            WireReader reader = new(frame.Bytes);
            ResponseHeader header = ResponseHeader.Read(ref reader, key, version);
            Assert.Equal(frame.Fields.GetProperty("correlationId").GetInt32(), header.CorrelationId);
            Assert.Equal(0, reader.Remaining);
            WireWriter writer = new();
            header.Write(writer, key, version);
            Assert.Equal(frame.Bytes, writer.ToArray());
        }
    }

    private static Dictionary<int, JsonElement> ApiTable()
    {
        using Stream file = typeof(GoldenFrame).Assembly.GetManifestResourceStream("Golden/Apis.jsonl")!;
        using StreamReader text = new(file);
        return text.ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => row.GetProperty("key").GetInt32());
    }

    private static IMessage Read(MessageType type, GoldenFrame frame, out int remaining)
    {
        IMessage message = type.New();
        WireReader reader = new(frame.Bytes);
        message.Read(ref reader, frame.Version);
        remaining = reader.Remaining;
        return message;
    }

    private static IEnumerable<string> Difference(byte[] expected, byte[] actual)
    {
        if (expected.AsSpan().SequenceEqual(actual))
        {
            return [];
        }

        int at = expected.AsSpan().CommonPrefixLength(actual);
        return [$"bytes differ from {at} on: wrote {Convert.ToHexString(actual)}, expected {Convert.ToHexString(expected)}"];
    }

    /// <summary>What is wrong, at most one line a frame and a few a message.</summary>
    private static List<string> EveryFrame(Func<MessageType, GoldenFrame, IEnumerable<string>> check)
    {
        List<string> wrong = [];
        foreach (MessageType type in MessageType.All)
        {
            IEnumerable<string> found = GoldenFrame
                .Of(type.Name)
                .Where(frame => type.Versions.Contains(frame.Version))
                .SelectMany(frame => Wrong(type, frame, check).Take(1).Select(what => $"{frame}: {what}"));
            wrong.AddRange(found.Take(2));
        }

        return wrong;
    }

    private static IEnumerable<string> Wrong(MessageType type, GoldenFrame frame, Func<MessageType, GoldenFrame, IEnumerable<string>> check)
    {
        try
        {
            return check(type, frame).ToList();
        }
        catch (ProtocolException e)
        {
            return [e.Message];
        }
    }
}
