CREATE TRIGGER event_not_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;
CREATE TRIGGER event_not_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;
CREATE TRIGGER event_not_replaced BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;
CREATE TRIGGER reading_not_changed BEFORE UPDATE ON reading
BEGIN SELECT RAISE(ABORT, 'the log of readings is append-only'); END;
CREATE TRIGGER reading_not_deleted BEFORE DELETE ON reading
BEGIN SELECT RAISE(ABORT, 'the log of readings is append-only'); END;
CREATE TRIGGER reading_not_replaced BEFORE INSERT ON reading WHEN EXISTS (SELECT 1 FROM reading WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the log of readings is append-only'); END;
